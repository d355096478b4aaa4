"""Roles of people and devices, and who asks.

What a route needs is said where the route is (``blueprints/routes.py``). The roles of people are the app
roles that Entra ID puts into their tokens, by the same names. Each includes the one before it.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from vending.events.publishers import Publisher


class Role(StrEnum):
    """What a route needs of whoever asks."""

    ANYBODY = "anybody"
    """Nothing: health, and files that hold no data."""
    DEVICE = "device"
    """The publisher token of the device that the route is about."""
    READ = "Fleet.Read"
    OPERATE = "Fleet.Operate"
    """What changes the state of a machine, an alert or an event."""
    ADMIN = "Fleet.Admin"
    """What changes operators' own data."""


PEOPLE = (Role.READ, Role.OPERATE, Role.ADMIN)
"""The roles of people, each including those before it: as the master key opens what a function key opens."""


def with_included(names: Iterable[str]) -> frozenset[Role]:
    """The roles of people behind names of app roles; other names are somebody else's and give none."""
    held = [PEOPLE.index(role) for role in set(names).intersection(PEOPLE)]
    return frozenset(PEOPLE[: max(held) + 1]) if held else frozenset()


class Caller(Struct, frozen=True):
    """Who asks: a name for the audit record, the roles that are theirs; of a device, its publisher."""

    name: str
    roles: frozenset[Role]
    publisher: Publisher | None = None
