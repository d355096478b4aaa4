"""What slots hold: levels that a sensor or a person counted, and visits that fill."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from vending.events.base import Facts, LedgerEvent, LevelEvent, Part, SlotEffect, Tally, fills
from vending.events.fields import Code, Level, Selection


class SlotLevel(Part, frozen=True):
    """How much one slot holds now."""

    selection: Selection
    level: Level
    source: Literal["sensor", "count", "mdb"] = "count"
    capacity: Level | UnsetType = UNSET
    par: Level | UnsetType = UNSET


class InventoryLevel(LevelEvent, frozen=True):
    """Absolute levels, as a sensor or a person counted them."""

    selections: Annotated[list[SlotLevel], Meta(min_length=1, max_length=120)]

    types = ("inventory.level",)
    columns = fills()

    def slots(self) -> list[SlotEffect]:
        return [
            SlotEffect(x.selection, x.level, x.capacity if isinstance(x.capacity, int) else None)
            for x in self.selections
        ]


class RestockLine(Part, frozen=True):
    """What a visit did to one slot; ``after`` is its absolute level."""

    selection: Selection
    before: Level
    added: Level
    after: Level
    removed: Level = 0
    spoiled: Level = 0


class InventoryRestocked(LedgerEvent, frozen=True):
    """A visit filled the machine."""

    visit_id: Code
    lines: Annotated[list[RestockLine], Meta(min_length=1, max_length=120)]

    types = ("inventory.restocked",)
    line_kind = "restock"
    counters = ("restocks",)
    sale = ()
    columns = fills()

    def facts(self) -> Facts:
        slots = [[x.selection, x.before, x.added, x.removed, x.spoiled, x.after] for x in self.lines]
        return {"visit": self.visit_id, "slots": slots}

    def slots(self) -> list[SlotEffect]:
        return [SlotEffect(x.selection, x.after) for x in self.lines]

    def tally(self) -> Tally:
        return Tally({"restocks": 1})
