"""Who calls, and whether they may: by what the Functions host has checked, by what App Service Authentication
says, or by the token of a device."""

import logging
import os
from collections.abc import Mapping
from contextvars import ContextVar
from math import ceil

import azure.functions as func

from blueprints.answers import problem
from vending import wiring
from vending.access import principals, stated_names
from vending.access.device_door import Refusal
from vending.access.publisher_tokens import SCHEME
from vending.access.roles import Caller, Role, with_included
from vending.errors import Transient

log = logging.getLogger(__name__)

SIGNED_IN = principals.platform_signs_in(os.environ)
"""Whether people are known by the platform's principal, else by the host's keys. Fixed when the functions are
indexed, as the host's levels are: a process never believes one and asks for the other."""
KEYS = {
    Role.READ: func.AuthLevel.FUNCTION,
    Role.OPERATE: func.AuthLevel.FUNCTION,
    Role.ADMIN: func.AuthLevel.ADMIN,
}


def levels(*, signed_in: bool) -> dict[Role, func.AuthLevel]:
    """What the host asks for before it calls a function of a role: ADMIN is its master key."""
    anonymous = dict.fromkeys(Role, func.AuthLevel.ANONYMOUS)
    return anonymous if signed_in else anonymous | KEYS


LEVELS = levels(signed_in=SIGNED_IN)
OPENED = {Role.READ: Role.OPERATE, Role.OPERATE: Role.OPERATE, Role.ADMIN: Role.ADMIN}
"""What the key of a route's role opens: no function key tells reading from operating."""
ANYBODY = Caller("anybody", frozenset())
SIGN_IN = "Sign in at /.auth/login/aad, or send a token of Entra ID as Authorization: Bearer."

_admitted: ContextVar[Caller] = ContextVar("admitted")


async def admit(request: func.HttpRequest, role: Role) -> Caller | func.HttpResponse:
    """The caller, whom :func:`caller` tells from then on; or the answer that turns them away: 401 for nobody,
    403 for somebody without the role."""
    found = await _asks(request, role)
    if isinstance(found, Caller):
        _admitted.set(found)
    return found


def caller(request: func.HttpRequest) -> Caller:  # noqa: ARG001 - whose request it is, the context knows
    """Who asks, in a handler: for the audit record."""
    return _admitted.get()


async def _asks(request: func.HttpRequest, role: Role) -> Caller | func.HttpResponse:
    if role is Role.ANYBODY:
        return ANYBODY
    if role is Role.DEVICE:
        return await _device(request)
    return _person(request, role) if SIGNED_IN else _key(request, role)


def _key(request: func.HttpRequest, role: Role) -> Caller | func.HttpResponse:
    """Whoever showed the key of the role's level; the host let in nobody else."""
    name = stated_names.named(request.headers.get(stated_names.HEADER, ""))
    if name is None:
        return problem(400, "Bad Request", f"{stated_names.FORM}.")
    return Caller(name, with_included([OPENED[role]]))


def _person(request: func.HttpRequest, role: Role) -> Caller | func.HttpResponse:
    """Whom the platform signed in. A key is nobody here."""
    if _of_another_site(request):
        return problem(403, "Forbidden", "Another site may not change anything here with your session.")
    found = principals.principal(request.headers.get(principals.HEADER, ""))
    if found is None:
        return problem(401, "Unauthorized", SIGN_IN, {"WWW-Authenticate": "Bearer"})
    if role not in found.roles:
        return problem(403, "Forbidden", f"This takes the app role {role}, which {found.name} does not have.")
    return found


def _of_another_site(request: func.HttpRequest) -> bool:
    """Whether a browser sends a change for another site, with the session's cookie alone. Every browser says
    so by itself (Sec-Fetch-Site), and no script can."""
    unsafe = request.method not in ("GET", "HEAD") and "authorization" not in request.headers
    return unsafe and request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


async def _device(request: func.HttpRequest) -> Caller | func.HttpResponse:
    """The device whose token is shown, on a route about its own machine."""
    token, machine = request.headers.get("authorization", ""), request.route_params.get("machineId")
    try:
        found = await wiring.device_door().admit(token, machine)
    except Transient as fault:
        log.warning("standing of a device: %s", fault)
        found = Refusal(503, "A store does not answer now.", max(1, ceil(fault.retry_after or 1)))
    if isinstance(found, Refusal):
        return problem(found.status, TITLES[found.status], found.detail, _headers(found))
    return Caller(f"device {found.device}", frozenset({Role.DEVICE}), found)


TITLES = {401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests", 503: "Service Unavailable"}


def _headers(refusal: Refusal) -> Mapping[str, str]:
    if refusal.status == 401:
        return {"WWW-Authenticate": SCHEME}
    return {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
