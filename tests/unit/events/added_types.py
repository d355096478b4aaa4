"""Two more event types, and what the app makes of them, as JSON. Run by itself: what they add stays here."""

import json

from vending.documents.conditions import Entry
from vending.events.base import (
    Facts,
    LedgerEvent,
    Reading,
    Register,
    Registers,
    SlotEffect,
    Tally,
    fills,
)
from vending.events.fields import Code, Selection, Units


class SampleTaken(LedgerEvent, frozen=True):
    """A promoter took products out for people to try."""

    selection: Selection
    quantity: Units
    promoter: Code

    types = ("sample.taken",)
    line_kind = "sample"
    counters = ("samples",)
    sale = ("selection", "quantity")
    columns = fills("quantity", component="promoter")

    def facts(self) -> Facts:
        return {"selection": self.selection, "quantity": self.quantity, "promoter": self.promoter}

    def slots(self) -> tuple[SlotEffect]:
        return (SlotEffect(self.selection, vended=self.quantity),)

    def tally(self) -> Tally:
        return Tally({"samples": 1})


class Humidity(Reading, frozen=True):
    """How humid a zone is."""

    zone: Code
    percent: int

    types = ("humidity",)
    writes = (Register("humidity", ("percent",)), Register("damp", kept=2))
    columns = fills("zone")

    def registers(self, _: str) -> Registers:
        return {"humidity": [self.percent], f"damp:{self.zone}": [self.percent]}


def effects() -> dict[str, object]:
    """What folds, views and the archive make of some events."""
    from tests.support.events import body, hub_event, level
    from tests.support.plain import condition_view, stock_view
    from vending.archive.columns import row
    from vending.events.event import parse
    from vending.state import conditions, ledger, stock

    sample = body("sample.taken", {"selection": "A1", "quantity": 2, "promoter": "anna"}, 2)
    humid = [body("humidity", {"zone": f"z{n}", "percent": 60 + n}, 3 + n) for n in range(3)]
    events = [parse(hub_event(n, x)) for n, x in enumerate([level(1, 9), sample, *humid])]
    folded = stock.fold(stock.empty("m1"), [event for event in events if event.stocked])
    entry: Entry = {}
    for event in events:
        entry = conditions.merge(entry, event)
    said = condition_view.describe(entry, 0)
    return {
        "line": folded.lines[0][2],
        "onHand": stock.on_hand(folded.stock),
        "totals": stock_view.totals(folded.stock),
        "last": [*stock_view.last(folded.stock)],
        "sales": stock_view.sales(ledger.pages("m1", folded.lines), 0, 2**60),
        "registers": sorted(entry),
        "condition": said["humidity"]["percent"],
        "columns": [
            {name: row(event.hub).get(name) for name in ("component", "quantity", "zone")}
            for event in events[1:3]
        ],
    }


def documents() -> dict[str, object]:
    """What the documents and the examples lack of them."""
    from vendctl.schemas import EXAMPLES, FOLDER, schema, stale
    from vending.events.event_types import EVENT_TYPES

    files = sorted(str(path.relative_to(FOLDER)) for path, _ in stale()[0])
    lacking = sorted(EVENT_TYPES.keys() - {path.stem for path in EXAMPLES.glob("*.json")})
    required = {name: "ledgersequence" in schema(name)["required"] for name in lacking}
    return {"files": files, "examples": lacking, "numbered": required}


if __name__ == "__main__":
    print(json.dumps(effects() | documents()))
