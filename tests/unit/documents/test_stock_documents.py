"""Stock and ledger pages as versions before stored them, word for word: stored again as they did."""

import copy
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.events import body, hub_event, level, vend
from vending.documents.base import Malformed, load
from vending.documents.pages import LedgerPage
from vending.documents.stock import MachineStock, has_retired
from vending.errors import Transient
from vending.events.event import Event, parse
from vending.state import ledger, stock

SCHEMA_1: dict[str, Any] = {
    "id": "stock", "machineId": "m1", "type": "stock", "schema": 1, "rev": 4,
    "applied": {"dev-1/1": [[1, 3], [5, 5]]},
    "marks": {"1/0": 7},
    "slots": {"A1": [[1, 2, 9], [1, 2, 12], [[1, 3, 0, 2]]]},
    "totals": {"vends": 3, "units": 4, "revenue": {"EUR": 600}},
    "last": {"vend": [1, 5, 1772366400005]},
    "note": {"by": "operator", "lines": [1, 2]},
}  # fmt: skip
SCHEMA_2 = {name: value for name, value in SCHEMA_1.items() if name != "marks"} | {
    "schema": 2, "delivered": {"1/0": [3, 7]},
}  # fmt: skip
NOTHING_LOST: dict[str, Any] = SCHEMA_2 | {"schema": 3, "closed": {}}
SCHEMA_3: dict[str, Any] = NOTHING_LOST | {
    "closed": {"holes": 2, "numbers": 9, "epochs": 0, "at": 1772367600000, "below": {"dev-1/1": 3}},
    "exclusions": 6,
}
SCHEMA_4: dict[str, Any] = SCHEMA_3 | {
    "schema": 4,
    "slots": {"A1": [[1, 2, 9], [1, 2, 12], [[1, 3, 0, 2]], [[1, 8], [1, 9]]]},
    "till": {
        "cash": [[1, 0, "EUR", 450], [1, 2, "EUR", 150]],
        "owed": [[1, 4, 1772366400004, 150, "EUR", "A1"]],
    },
    "gaps": [["dev-1/1", 4, 4, 1772367600008]],
}
AS_NOW: dict[str, Any] = {"schema": 4, "since": 4}
"""What an older stock is taken over with."""
PAGE: dict[str, Any] = {
    "id": "page:dev-1:1:3", "machineId": "m1", "type": "page", "schema": 1, "deviceId": "dev-1", "epoch": 1,
    "first": 3, "last": 4, "from": 1772366400003, "to": 1772366400004,
    "lines": [
        {
            "ledger": 3, "sequence": 3, "kind": "vend", "at": 1772366400003, "quality": "device",
            "digest": "f4e4539ecd5bc563", "selection": "A1", "quantity": 1, "priceMinor": 150,
            "paidMinor": 150, "currency": "EUR", "payment": "cash",
        },
        {
            "ledger": 4, "sequence": 4, "kind": "of newer code", "at": 1772366400004, "quality": "late",
            "digest": "0", "tiers": [{"upTo": 3}],
        },
    ],
    "audited": {"by": "operator"},
}  # fmt: skip


def events(*bodies: bytes) -> Sequence[Event]:
    return [parse(hub_event(number, content)) for number, content in enumerate(bodies, 8)]


@pytest.mark.parametrize(
    ("stored", "again"),
    [
        (SCHEMA_1, NOTHING_LOST | {"delivered": {}} | AS_NOW),
        (SCHEMA_2, NOTHING_LOST | AS_NOW),
        (NOTHING_LOST, NOTHING_LOST | AS_NOW),
        (SCHEMA_3, SCHEMA_3 | AS_NOW),
        (SCHEMA_4, SCHEMA_4),
    ],
    ids=["schema 1", "schema 2", "nothing lost", "schema 3", "schema 4"],
)
def test_a_stock_is_stored_as_it_was(stored: dict[str, Any], again: dict[str, Any]) -> None:
    before = copy.deepcopy(stored)
    held = load(stored | {"_etag": '"7"', "_ts": 5}, MachineStock)
    assert held.rest == {"note": {"by": "operator", "lines": [1, 2]}}
    assert held.dump() == again
    assert stored == before


@pytest.mark.parametrize(
    "stored",
    [SCHEMA_1, SCHEMA_2, SCHEMA_3, SCHEMA_4],
    ids=["schema 1", "schema 2", "schema 3", "schema 4"],
)
def test_a_fold_changes_what_it_counts_and_nothing_else(stored: dict[str, Any]) -> None:
    before = copy.deepcopy(stored)
    folded = stock.fold(load(stored, MachineStock), events(vend(6), level(7, 20, "B1")))
    at = folded.lines[0][2]["at"]
    older = {} if stored["schema"] == 4 else {"since": 4}
    till, gaps = stored.get("till", {}), stored.get("gaps", [])
    first, *others = till.get("cash", [[1, 0, "EUR", 0]])
    assert folded.stock.dump() == {
        name: value for name, value in stored.items() if name != "marks"
    } | older | {
        "schema": 4,
        "rev": 5,
        "applied": {"dev-1/1": [[1, 3], [5, 6]]},
        "closed": stored.get("closed", {}),
        "delivered": {"1/0": [3, 8] if "delivered" in stored else [8, 8]},
        "slots": {
            "A1": [[1, 2, 9], [1, 2, 12], [[1, 3, 0, 2, 1]], *stored["slots"]["A1"][3:]],
            "B1": [[1, 7, 20], None, []],
        },
        "totals": {"vends": 4, "units": 5, "revenue": {"EUR": 750}},
        "last": {"vend": [1, 6, at]},
        "till": till | {"cash": [[*first[:3], first[3] + 150], *others]},
    } | ({"gaps": gaps} if gaps else {})
    assert stored == before


def test_a_hole_that_is_closed_leaves_the_document_that_was_read_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vending.state.books.MAX_HOLES", 1)
    before = copy.deepcopy(SCHEMA_3)
    folded = stock.fold(load(SCHEMA_3, MachineStock), events(vend(9)))
    at = 1772367600008
    lost = {"holes": 3, "numbers": 10, "epochs": 0, "at": at, "below": {"dev-1/1": 4}}
    assert folded.stock.dump()["closed"] == lost
    assert before == SCHEMA_3


def test_what_a_stock_lacks_was_never_there() -> None:
    bare = {name: SCHEMA_4[name] for name in ("id", "machineId", "type", "schema", "rev")}
    held = load(bare, MachineStock)
    assert held == MachineStock(machine_id="m1", rev=4)
    assert (held.total("vends"), held.revenue, stock.known(held)) == (0, {}, False)
    assert held.dump() == bare | {
        "applied": {}, "closed": {}, "delivered": {}, "slots": {}, "totals": {}, "last": {},
    }  # fmt: skip


def test_a_page_is_stored_as_it_was() -> None:
    before = copy.deepcopy(PAGE)
    page = load(PAGE | {"_etag": '"7"'}, LedgerPage)
    assert page.rest == {"audited": {"by": "operator"}}
    assert page.dump() == PAGE == before


def test_a_new_page_is_stored_as_before() -> None:
    (new,) = ledger.pages("m1", [("dev-1", 1, line) for line in reversed(load(PAGE, LedgerPage).lines)])
    assert new.dump() == {name: value for name, value in PAGE.items() if name != "audited"}


def test_a_line_holds_what_all_have_and_the_facts_of_its_kind() -> None:
    restock = {"visitId": "v", "lines": [{"selection": "A1", "before": 1, "added": 9, "after": 10}]}
    sold, filled = map(ledger.line, events(vend(3), body("inventory.restocked", restock, 4)))
    assert sold == PAGE["lines"][0]
    assert sold.keys() - filled.keys() >= {"payment", "currency"}
    assert [*filled][:6] == ["ledger", "sequence", "kind", "at", "quality", "digest"]


def test_lines_and_slots_are_not_copied() -> None:
    """A rollup reads megabytes of lines; a machine's slots are read with every event."""
    page, held = load(PAGE, LedgerPage), load(SCHEMA_4, MachineStock)
    assert page.lines is PAGE["lines"]
    assert page.dump()["lines"] is PAGE["lines"]
    for name in ("applied", "closed", "slots", "till"):
        assert getattr(held, name) is held.dump()[name] is SCHEMA_4[name]


@pytest.mark.parametrize(("kind", "stored"), [(MachineStock, SCHEMA_3), (LedgerPage, PAGE)])
def test_what_is_newer_waits_and_what_is_malformed_is_a_defect(kind: Any, stored: dict[str, Any]) -> None:
    with pytest.raises(Transient, match=f"m1/{stored['id']} has schema"):
        load(stored | {"schema": kind.schema + 1}, kind)
    with pytest.raises(Malformed, match=r"Expected `str`, got `int` - at `\$.machineId`"):
        load(stored | {"machineId": 7}, kind)


def test_whether_a_book_was_retired_is_read_without_loading() -> None:
    retired = {"closed": SCHEMA_3["closed"] | {"epochs": 1}}
    assert [has_retired(one) for one in (SCHEMA_1, NOTHING_LOST, SCHEMA_3, retired)] == [False] * 3 + [True]
