"""The stock document: its shape, and what a fold leaves alone."""

import copy

from msgspec.structs import replace

from tests.support.events import body, hub_event, level, vend
from vending.documents.base import load
from vending.documents.stock import MachineStock, StoredTill
from vending.events.event import Event, parse
from vending.events.uptimes import dated
from vending.state import ledger, stock


def events(*bodies: bytes) -> list[Event]:
    return [parse(hub_event(number, content)) for number, content in enumerate(bodies, 1)]


def folded(held: MachineStock, *bodies: bytes) -> stock.Folded:
    found = events(*bodies)
    return stock.fold(held, dated(found))


def test_the_document_of_a_sale() -> None:
    restock = {"visitId": "v", "lines": [{"selection": "A1", "before": 1, "added": 9, "after": 10}]}
    result = folded(
        stock.empty("m1"),
        body("inventory.restocked", restock, 1),
        vend(2, units=2),
        vend(3, data={"paymentMethod": "free"}),
        vend(4, data={"paymentMethod": "test"}),
    )
    at = events(vend(1))[0].at.ms - 1
    assert result.stock.dump() == {
        "id": "stock",
        "machineId": "m1",
        "type": "stock",
        "schema": 4,
        "rev": 1,
        "applied": {"dev-1/1": [[1, 4]]},
        "closed": {},
        "delivered": {"1/0": [1, 4]},
        "slots": {"A1": [[1, 1, 10], None, [[1, 2, 0, 1, 1]]]},
        "totals": {"restocks": 1, "vends": 1, "units": 3, "revenue": {"EUR": 450}, "free": 1, "test": 1},
        "last": {"restock": [1, 1, at + 1], "vend": [1, 4, at + 4]},
        "till": {"cash": [[1, 0, "EUR", 300]]},
    }
    assert stock.on_hand(result.stock) == {"A1": 6}


def test_a_fold_leaves_the_document_that_was_read_as_it_was() -> None:
    held = folded(stock.empty("m1"), vend(1), vend(5), level(2, 9)).stock
    before = copy.deepcopy(held)
    again = folded(held, vend(3), vend(6, "B1"), level(7, 3), body("cash.collected", {
        "visitId": "v", "bagId": "b", "currency": "EUR", "boxMinor": 1, "billsMinor": 1}, 8))  # fmt: skip
    assert held == before
    assert again.stock.applied == {"dev-1/1": [[1, 1], [3, 3], [5, 6], [8, 8]]}


def test_fields_of_other_code_survive() -> None:
    held = load(stock.empty("m1").dump() | {"note": {"by": "operator"}}, MachineStock)
    assert folded(held, vend(1)).stock.dump()["note"] == {"by": "operator"}


def test_nothing_new_is_no_change() -> None:
    held = folded(stock.empty("m1"), vend(1), level(2, 9)).stock
    again = folded(held, vend(1), level(2, 9), level(1, 3))
    assert not again.changed
    assert not again.lines
    assert again.stock == held


def test_missing_numbers_are_told() -> None:
    held = folded(stock.empty("m1"), vend(3), vend(6), vend(1, epoch=2)).stock
    assert stock.missing(held) == {"dev-1/1": [[1, 2], [4, 5]]}


def test_a_run_of_counted_events_ends_at_what_is_not_settled() -> None:
    held = folded(stock.empty("m1"), vend(1), vend(2)).stock
    assert held.delivered == {"1/0": [1, 2]}
    found = [parse(hub_event(n, x)) for n, x in [(3, vend(3)), (4, vend(1, price=9)), (5, vend(4))]]
    result = stock.fold(held, dated(found))
    assert result.possible_conflicts == [found[1]]
    assert result.stock.delivered == {"1/0": [5, 5]}
    again = stock.fold(result.stock, dated(found))
    assert again.possible_conflicts == [found[0], found[1]]


def test_runs_that_touch_are_one_and_others_are_not() -> None:
    def taken(held: MachineStock, *numbers: int) -> MachineStock:
        found = [parse(hub_event(n, vend(n))) for n in numbers]
        return stock.fold(held, dated(found)).stock

    held = taken(stock.empty("m1"), 5, 6, 8)
    assert held.delivered == {"1/0": [5, 8]}
    assert taken(held, 9, 11).delivered == {"1/0": [5, 11]}
    assert taken(held, 1, 4).delivered == {"1/0": [1, 8]}
    assert taken(held, 1, 2).delivered == {"1/0": [1, 2]}
    assert taken(held, 20).delivered == {"1/0": [20, 20]}


def test_a_document_of_schema_1_is_taken_over() -> None:
    held = folded(stock.empty("m1"), vend(1), vend(2)).stock
    body = {key: value for key, value in held.dump().items() if key not in ("delivered", "closed", "till")}
    old = load(body | {"schema": 1, "marks": {"1/0": 2}}, MachineStock)
    assert folded(old, vend(1)).possible_conflicts
    new = replace(folded(held, vend(3)).stock, delivered={"1/0": [1, 1]})
    cash: StoredTill = {"cash": [[1, 0, "EUR", 150]]}
    assert folded(old, vend(3)).stock == replace(new, till=cash, since=4)


def test_a_document_of_schema_2_is_taken_over() -> None:
    """As the version before wrote it for a device that skipped 999 numbers: all of its bound."""
    held = folded(stock.empty("m1"), *(vend(n, ledger=2 * n - 1) for n in range(1, 1001))).stock
    newer = ("closed", "till", "gaps")
    body = {key: value for key, value in held.dump().items() if key not in newer} | {"schema": 2}
    old = load(body, MachineStock)
    assert old.closed == {}
    assert stock.missing_numbers(old) == 999
    assert folded(old, vend(1, ledger=1)).stock.dump() == body | {"schema": 4, "closed": {}, "since": 4}
    new = folded(old, vend(1001, ledger=2001), vend(1002, ledger=2003)).stock
    same = folded(held, vend(1001, ledger=2001), vend(1002, ledger=2003)).stock
    cash: StoredTill = {"cash": [[1, 3, "EUR", 300]]}
    assert replace(new, gaps=same.gaps) == replace(same, till=cash, since=4)
    assert (new.dump()["schema"], new.closed["below"]) == (4, {"dev-1/1": 2})


def test_a_document_of_schema_2_with_more_books_than_are_kept_now_shrinks_with_the_next_new_one() -> None:
    """The version before kept fifty."""
    applied = {f"dev-1/{epoch}": [[1, 1], [3, 3]] for epoch in range(1, 51)}
    body = {key: value for key, value in stock.empty("m1").dump().items() if key != "closed"}
    old = load(body | {"schema": 2, "applied": applied}, MachineStock)
    known = folded(old, vend(2, epoch=1)).stock
    assert (len(known.applied), known.closed) == (50, {})
    new = folded(old, vend(1, epoch=51)).stock
    assert list(new.applied) == [f"dev-1/{epoch}" for epoch in range(42, 52)]
    assert (new.closed["epochs"], new.closed["holes"]) == (41, 41)


def test_pages_are_named_by_device_epoch_and_first_number() -> None:
    result = folded(stock.empty("m1"), vend(7), vend(3), vend(1, epoch=2), vend(4, device="dev-2"))
    pages = ledger.pages("m1", result.lines)
    assert [(x.id, x.first, x.last, len(x.lines)) for x in pages] == [
        ("page:dev-1:1:3", 3, 7, 2),
        ("page:dev-1:2:1", 1, 1, 1),
        ("page:dev-2:1:4", 4, 4, 1),
    ]
    assert all(x.earliest <= line["at"] <= x.latest for x in pages for line in x.lines)
