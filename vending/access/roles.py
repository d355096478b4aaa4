"""Roles of people and devices, and who asks.

What a route needs is said where the route is (``blueprints/routes.py``). The roles of people are the app
roles that Entra ID puts into their tokens, by the same names.
"""

from enum import StrEnum

from msgspec import Struct


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


class Caller(Struct, frozen=True):
    """Who asks: a name for the audit record, and the roles that are theirs."""

    name: str
    roles: frozenset[Role]
