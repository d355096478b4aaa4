"""Query parameters of the routes of commands."""

from typing import Annotated

from msgspec import Meta, Struct

from vending.events.fields import END
from vending.views.commands import CURSOR

LONGEST_WAIT = 20
"""Seconds: less than proxies and mobile networks keep a silent connection."""


class CommandsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a machine's commands."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    after: Annotated[str, Meta(pattern=rf"^({CURSOR})?{END}")] = ""


class DueAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of what a device is to do."""

    wait: Annotated[int, Meta(ge=0, le=LONGEST_WAIT)] = 0
