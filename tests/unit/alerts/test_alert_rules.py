"""What the rules find in stock and registers."""

from typing import Any

from vending.alerts.alert_rules import COLD_GRACE, LOST_FOR, condition_findings, lost_sales, sold_out
from vending.state.conditions import Entry

MINUTE = 60_000


def stock(slots: dict[str, list[Any]], **more: Any) -> dict[str, Any]:
    document = {"id": "stock", "machineId": "m1", "type": "stock", "schema": 1, "rev": 7, "slots": slots}
    return document | {"last": {"vend": [1, 9, 5_000], "restock": [1, 2, 4_000]}} | more


def test_a_selection_is_sold_out_when_nothing_is_left_of_what_was_counted() -> None:
    slots: dict[str, list[Any]] = {
        "11": [[1, 1, 2], [1, 1, 8], [[1, 2, 0]]],
        "12": [[1, 1, 2], None, [[1, 2]]],
        "13": [[1, 1, 1], None, [[1, 2, 0, 1]]],
    }
    found = {x.component: x for x in sold_out(stock(slots), 9_000)}
    assert {name: x.bad for name, x in found.items()} == {"11": True, "12": False, "13": True}
    assert found["11"].detail == {"onHand": 0, "capacity": 8}
    assert found["12"].detail == {"onHand": 1}
    assert {(x.order, x.at, x.rule) for x in found.values()} == {((7,), 5_000, "sold-out")}


def test_a_selection_that_nobody_counted_is_not_judged() -> None:
    assert sold_out(stock({"11": [None, None, [[1, 2]]]}), 0) == []


def test_a_selection_without_capacity_is_switched_off() -> None:
    assert [x.bad for x in sold_out(stock({"11": [[1, 1, 0], [1, 1, 0], []]}), 0)] == [False]


def test_levels_alone_are_dated_by_the_clock() -> None:
    assert [x.at for x in sold_out(stock({"11": [[1, 1, 0], None, []]}, last={}), 9_000)] == [9_000]


def test_lost_sales_are_told_of_for_a_week_after_the_last_of_them() -> None:
    closed = {"holes": 2, "numbers": 9, "epochs": 0, "at": 5_000, "below": {"d/1": 40}}
    (fresh,) = lost_sales(stock({}, closed=closed), 5_000 + LOST_FOR)
    (over,) = lost_sales(stock({}, closed=closed), 5_001 + LOST_FOR)
    assert (fresh.bad, over.bad) == (True, False)
    assert fresh.order < over.order < (8, 0)
    assert (fresh.component, fresh.at, fresh.detail) == (
        "machine", 5_000, {"holes": 2, "numbers": 9, "epochs": 0},
    )  # fmt: skip


def test_where_nothing_was_given_up_nothing_is_judged() -> None:
    assert lost_sales(stock({}), 0) == lost_sales(stock({}, closed={}), 0) == []


def test_a_machine_is_silent_when_its_last_sign_is_too_old() -> None:
    entry = {"seen": [2, 50, 100 * MINUTE, "ntp"]}
    (fresh,) = condition_findings("m1", entry, 130 * MINUTE, 30 * MINUTE)
    (stale,) = condition_findings("m1", entry, 130 * MINUTE + 1, 30 * MINUTE)
    assert (fresh.bad, stale.bad) == (False, True)
    assert fresh.order < stale.order < (2, 51, 0)
    assert stale.at == 100 * MINUTE


def test_imported_events_are_no_sign_of_life_and_none_of_death() -> None:
    assert condition_findings("m1", {"seen": [2, 50, 0, "import"]}, 10**12, MINUTE) == []


def test_faults_are_open_until_they_are_cleared() -> None:
    entry = {"fault:coin:EVA4": [1, 5, 10, True], "fault:bill:X": [1, 6, 20, False]}
    found = condition_findings("m1", entry, 0, MINUTE)
    assert [(x.component, x.bad, x.order) for x in found] == [
        ("coin:EVA4", True, (1, 5)),
        ("bill:X", False, (1, 6)),
    ]


def test_faults_whose_words_hold_colons_have_alerts_of_their_own_and_end_the_one_of_before() -> None:
    """Before, both were ``a:b:c``: an alert that may be open, and has no register any more to close it."""
    entry: Entry = {
        "fault:a~b:c": [1, 6, 10, True],
        "fault:a:b~c": [1, 5, 20, True],
        "temp:a:b": [1, 7, 0, 3.0],
    }
    found = condition_findings("m1", entry, 0, MINUTE)
    assert sorted((x.component, x.bad, x.order) for x in found if x.rule == "fault") == [
        ("a:b:c", False, (1, 6)), ("a:b~c", True, (1, 5)), ("a~b:c", True, (1, 6)),
    ]  # fmt: skip
    shared = {"fault:a:b:c": [1, 4, 10, True], "fault:a:b~c": [1, 3, 20, False]}
    assert sorted((x.component, x.bad) for x in condition_findings("m1", shared, 0, MINUTE)) == [
        ("a:b:c", True), ("a:b~c", False),
    ]  # fmt: skip


def test_a_cold_zone_may_be_warm_for_as_long_as_a_refill_takes() -> None:
    good = [1, 5, 1_000, 4.0]
    for late, celsius, bad in ((0, 9.0, False), (1, 9.0, True), (1, 5.0, False)):
        entry = {"temp:cabinet": [1, 9, 1_000 + COLD_GRACE + late, celsius], "good:cabinet": good}
        (found,) = condition_findings("m1", entry, 0, MINUTE)
        assert (found.rule, found.component, found.bad) == ("cold-chain", "cabinet", bad)


def test_a_zone_that_never_was_cold_is_no_cold_zone() -> None:
    (found,) = condition_findings("m1", {"temp:boiler": [1, 9, 10**12, 92.0]}, 0, MINUTE)
    assert not found.bad
