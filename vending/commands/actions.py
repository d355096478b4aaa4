"""What a machine can be told to do: one shape a kind, with bounds, as clients send it and devices get it."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from vending.events.fields import Code, Currency, Minor, Selection

MOST_SELECTIONS = 120
"""As many as a machine reports levels of."""
Selections = Annotated[list[Selection], Meta(min_length=1, max_length=MOST_SELECTIONS)]


class OfKind(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", tag_field="kind"):
    """Base of all; ``kind`` tells them apart."""


class PriceList(OfKind, frozen=True, tag="price-list"):
    """From the next vend on the selections cost this, minor units each; others keep their price."""

    version: Code
    """What ``price.applied`` says when it is in force."""
    currency: Currency
    prices: Annotated[dict[Selection, Minor], Meta(min_length=1, max_length=MOST_SELECTIONS)]


class Lock(OfKind, frozen=True, tag="lock"):
    """Deny vends of these selections, or of all, until they are unlocked."""

    selections: Selections | UnsetType = UNSET


class Unlock(OfKind, frozen=True, tag="unlock"):
    """Take back such locks of these selections, or of all. What the machine's own health control locked stays
    locked."""

    selections: Selections | UnsetType = UNSET


class Reboot(OfKind, frozen=True, tag="reboot"):
    """Start the device anew."""


class ReadAudit(OfKind, frozen=True, tag="read-audit"):
    """Read the machine's own meters now, and send them as ``audit.dex``."""


Action = PriceList | Lock | Unlock | Reboot | ReadAudit
