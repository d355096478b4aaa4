"""Addresses of links: ``hub``, ``hub/Partitions/0``, ``hub/Publishers/device``, ``hub/ConsumerGroups/…``."""

from typing import Any, NamedTuple

from devstack.eventhubs.errors import INVALID_FIELD, AmqpError, not_found

NODES = frozenset({"$cbs", "$management"})


class Target(NamedTuple):
    """Where a client sends: at most one of ``partition`` and ``publisher`` is given."""

    hub: str
    partition: str | None
    publisher: str | None


class Origin(NamedTuple):
    """What a client reads."""

    hub: str
    group: str
    partition: str


def path_of(terminus: list[Any] | None) -> str:
    """The address of a source or target without scheme and authority."""
    address = terminus[0] if terminus else None
    if not isinstance(address, str) or not address:
        raise AmqpError(INVALID_FIELD, "the link names no address")
    if "://" in address:
        address = address.split("://", 1)[1].partition("/")[2]
    return address.strip("/")


def node_of(path: str) -> str | None:
    """``$cbs`` or ``$management`` when the path is one of them, also below a hub."""
    last = path.rpartition("/")[2].lower()
    return last if last in NODES and path.count("/") <= 1 else None


def target(path: str) -> Target:
    """Read a target's path; not-found for any other form."""
    parts = path.split("/")
    if len(parts) == 1:
        return Target(parts[0], None, None)
    if len(parts) == 3 and parts[1].lower() == "partitions":
        return Target(parts[0], parts[2], None)
    if len(parts) == 3 and parts[1].lower() == "publishers" and parts[2]:
        return Target(parts[0], None, parts[2])
    raise not_found(path, "Send to hub, hub/Partitions/id or hub/Publishers/name.")


def origin(path: str) -> Origin:
    """Read a source's path; not-found for any other form."""
    parts = path.split("/")
    if len(parts) == 5 and parts[1].lower() == "consumergroups" and parts[3].lower() == "partitions":
        return Origin(parts[0], parts[2], parts[4])
    raise not_found(path, "Receive from hub/ConsumerGroups/group/Partitions/id.")
