"""Who calls: what the Functions host has checked already, as a caller with roles."""

import azure.functions as func

from vending.access.roles import Caller, Role

LEVELS = {
    Role.ANYBODY: func.AuthLevel.ANONYMOUS,
    Role.DEVICE: func.AuthLevel.ANONYMOUS,
    Role.READ: func.AuthLevel.FUNCTION,
    Role.OPERATE: func.AuthLevel.FUNCTION,
    Role.ADMIN: func.AuthLevel.ADMIN,
}
"""The key that the host asks for: ADMIN is its master key."""


def admit(request: func.HttpRequest, role: Role) -> Caller | func.HttpResponse:  # noqa: ARG001
    """The caller, or the answer that turns them away. The host let in only who showed the route's key."""
    return caller(request)


def caller(request: func.HttpRequest) -> Caller:  # noqa: ARG001
    """Who asks; a key has no name of its own."""
    return Caller("key", frozenset({Role.READ, Role.OPERATE}))
