"""Cash: what was taken out of the machine, and what its tubes and box hold."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from vending.events.base import (
    Facts,
    LedgerEvent,
    Part,
    Reading,
    Register,
    Registers,
    Tally,
    TillEffect,
    fills,
)
from vending.events.fields import Code, Currency, Minor


class CashCollected(LedgerEvent, frozen=True):
    """The cash box was emptied."""

    visit_id: Code
    bag_id: Code
    currency: Currency
    box_minor: Minor
    bills_minor: Minor
    counted_minor: Minor | UnsetType = UNSET

    types = ("cash.collected",)
    line_kind = "collection"
    counters = ("collections",)
    sale = ()
    columns = fills()

    def facts(self) -> Facts:
        return {
            "visit": self.visit_id,
            "bag": self.bag_id,
            "currency": self.currency,
            "boxMinor": self.box_minor,
            "billsMinor": self.bills_minor,
            "countedMinor": self.counted_minor,
        }

    def slots(self) -> tuple[()]:
        return ()

    def tally(self) -> Tally:
        """Its money was revenue when it was paid."""
        return Tally({"collections": 1})

    def till(self) -> TillEffect:
        return TillEffect(emptied=True)


class Tube(Part, frozen=True):
    """One coin tube."""

    coin_minor: Minor
    count: Annotated[int, Meta(ge=0, le=1000)]
    full: bool = False


class CashLevel(Reading, frozen=True):
    """What the coin mechanism and the box hold."""

    tubes: Annotated[list[Tube], Meta(max_length=16)]
    bill_count: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    box_minor: Minor | UnsetType = UNSET

    types = ("cash.level",)
    writes = (Register("cash"), Register("cashbox", kept=2))
    columns = fills()

    def registers(self, _: str) -> Registers:
        """The tubes, and of bills and the box only what is said."""
        said: Registers = {"cash": [[[tube.coin_minor, tube.count, tube.full] for tube in self.tubes]]}
        for what, held in (("bills", self.bill_count), ("coins", self.box_minor)):
            if isinstance(held, int):
                said[f"cashbox:{what}"] = [held]
        return said
