"""Event types: what one leaves out is asked for by name, and all parts of the app take the rest from it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import new_class
from typing import Any

import pytest

from tests.support.events import hub_event
from tests.support.metadata import ROOT
from vending.events.base import (
    Data,
    LedgerEvent,
    LevelEvent,
    Reading,
    Register,
    StockEvent,
    Tally,
    fills,
)
from vending.events.event import parse
from vending.events.event_types import EVENT_TYPES, FAMILIES, REGISTERS
from vending.views.answers.machines import COUNTERS

EXAMPLES = sorted((ROOT / "tests" / "events").glob("*.json"))
Body = dict[str, Any]


def ledger_event(**more: Any) -> Body:
    """All that a ledger event must say."""
    said = {"line_kind": "spill", "counters": ("spills",), "sale": (), "columns": fills()}
    does: dict[str, Callable[..., Any]] = {
        "facts": lambda _: {},
        "slots": lambda _: (),
        "tally": lambda _: Tally({"spills": 1}),
    }
    return {"__doc__": "Said.", "types": ("spill",), **said, **does, **more}


def reading(**more: Any) -> Body:
    """All that a reading must say."""
    writes = (Register("spill"),)
    does = {"registers": lambda *_: {"spill": [1]}}
    return {"__doc__": "Said.", "types": ("spill",), "columns": fills(), "writes": writes, **does, **more}


def refusal(kind: type[Data], body: Body) -> str:
    """Why a type of that body is refused; it is known to nobody then."""
    stated = {name: value for name, value in body.items() if value is not None}
    stated["__module__"] = "vending.events.spills"
    with pytest.raises(TypeError) as refused:
        new_class("Spill", (kind,), {}, lambda namespace: namespace.update(stated))
    assert "spill" not in EVENT_TYPES
    return str(refused.value)


@pytest.mark.parametrize("name", ["types", "line_kind", "counters", "sale", "columns"])
def test_a_ledger_event_that_leaves_something_out_is_asked_for_it(name: str) -> None:
    why = f"event type Spill of vending.events.spills: lacks {name}, which LedgerEvent in vending.events.base"
    assert refusal(LedgerEvent, ledger_event(**{name: None})).startswith(why)


@pytest.mark.parametrize("name", ["facts", "slots", "tally"])
def test_a_ledger_event_without_a_method_is_asked_for_it(name: str) -> None:
    assert f"lacks {name}(), which LedgerEvent" in refusal(LedgerEvent, ledger_event(**{name: None}))


@pytest.mark.parametrize("name", ["types", "writes", "columns", "registers"])
def test_a_reading_that_leaves_something_out_is_asked_for_it(name: str) -> None:
    lacking = "registers()" if name == "registers" else name
    assert f"lacks {lacking}, which Reading" in refusal(Reading, reading(**{name: None}))


def test_a_level_without_slots_is_asked_for_them() -> None:
    assert "lacks columns, slots(), types, which LevelEvent" in refusal(LevelEvent, {"__doc__": "Said."})


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        (Reading, reading(writes=()), "writes no register, so that nobody would ever see it"),
        (Reading, reading(types=()), "has no name in types"),
        (Reading, reading(__doc__=None), "has no docstring, which docs/events shows"),
        (Reading, reading(types=("door",)), "door is the name of Door already"),
        (Reading, reading(writes=(Register("door"),)), "the register door has other values in another type"),
        (
            Reading,
            reading(columns=fills("colour")),
            "fills the column colour, which COLUMNS in vending.events.base does not have",
        ),
        (Reading, reading(columns=fills(zone="room")), "fills the column zone from room, which is no field"),
        (LedgerEvent, ledger_event(line_kind="vend"), "vend is the ledger line of VendCompleted already"),
        (Data, reading(), "derives from none of LedgerEvent, LevelEvent, Reading"),
        (StockEvent, ledger_event(), "derives from none of LedgerEvent, LevelEvent, Reading"),
    ],
)
def test_what_is_not_so_or_another_one_s_is_told(kind: type[Data], body: Body, why: str) -> None:
    assert why in refusal(kind, body)


def test_nothing_else_is_told_than_what_is_wrong() -> None:
    """Of two columns, one of a field of its own, and a register that nobody else writes."""
    fields = {"__annotations__": {"zone": str}}
    assert refusal(Reading, reading(columns=fills("zone", colour="zone"), **fields)) == (
        "event type Spill of vending.events.spills: "
        "fills the column colour, which COLUMNS in vending.events.base does not have"
    )
    assert refusal(Reading, reading(columns=fills("zone", sku="name"), types=("door",), **fields)) == (
        "event type Spill of vending.events.spills: door is the name of Door already; "
        "fills the column sku from name, which is no field of it"
    )


def test_every_family_is_imported() -> None:
    """A module of types that event_types.py does not name would be known to tests at most."""
    states = re.compile(r"^class \w+\((LedgerEvent|LevelEvent|Reading),", re.MULTILINE)
    modules = (ROOT / "vending" / "events").glob("*.py")
    families = {f"vending.events.{path.stem}" for path in modules if states.search(path.read_text())}
    assert families - {"vending.events.base"} == {family.__name__ for family in FAMILIES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_does_what_its_type_declares(path: Path) -> None:
    event = parse(hub_event(1, path.read_bytes()))
    data = event.data
    if isinstance(data, LedgerEvent):
        assert data.tally().counts.keys() <= set(data.counters) <= set(COUNTERS)
        assert set(data.sale) <= data.facts().keys()
    declared = {register.name for register in data.writes} if isinstance(data, Reading) else set()
    for name, values in data.registers(event.name).items():
        register = REGISTERS[name.partition(":")[0]]
        assert register.name in declared
        assert (register.kept is not None) == (":" in name), "a register is one of a family, or of none"
        assert not register.shown or len(values) <= len(register.shown)


def test_one_more_type_of_each_kind_is_taken_up_everywhere() -> None:
    """In a process of its own: there are two more types there, in every table that is made at import."""
    command = [sys.executable, "-m", "tests.unit.events.added_types"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(said.stdout)
    line = found["line"]
    assert (line["kind"], line["ledger"], line["quantity"], line["promoter"]) == ("sample", 2, 2, "anna")
    assert found["onHand"] == {"A1": 7}
    assert found["totals"]["samples"] == 1
    assert found["last"] == ["sample"]
    (sale,) = found["sales"]
    assert (sale["kind"], sale["selection"], sale["quantity"]) == ("sample", "A1", 2)
    assert "promoter" not in sale
    assert found["registers"] == ["damp:z1", "damp:z2", "humidity", "seen"]
    assert found["condition"] == 62
    assert found["columns"] == [
        {"component": "anna", "quantity": 2, "zone": None},
        {"component": None, "quantity": None, "zone": "z0"},
    ]
    assert found["files"] == ["README.md", "humidity.v1.schema.json", "sample.taken.v1.schema.json"]
    assert found["examples"] == ["humidity", "sample.taken"]
    assert found["numbered"] == {"humidity": False, "sample.taken": True}
