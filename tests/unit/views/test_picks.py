"""What to take along, worked out by hand."""

from typing import Any

import pytest

from vending.views.picks import Pick, by_sku, picks


def one(slot: dict[str, Any], held: int | None, rate: float, lead: float, case: int = 1) -> int:
    found, _ = picks("m1", {"A1": {"sku": "cola"} | slot}, {"A1": held}, {"A1": rate}, lead, {"cola": case})
    return found[0].quantity if found else 0


@pytest.mark.parametrize(
    ("slot", "held", "rate", "lead", "case", "quantity"),
    [
        ({"par": 10}, 4, 0, 1, 1, 6),
        ({"par": 10}, 4, 1.5, 2, 1, 9),
        ({"par": 10}, 4, 9, 2, 1, 10),  # sold out before the visit: no less than nothing is left
        ({"par": 10}, 10, 0.4, 2, 1, 1),
        ({"par": 10}, 12, 0.5, 2, 1, 0),
        ({"par": 10}, 4, 0, 1, 4, 8),
        ({"par": 10, "capacity": 11}, 4, 0, 1, 4, 4),  # two cases do not fit, one does
        ({"par": 10, "capacity": 12}, 4, 0, 1, 4, 8),
        ({"par": 10, "capacity": 12}, 4, 0, 1, 12, 6),  # not even one case fits: it is opened
        ({"capacity": 12}, 4, 0, 1, 1, 8),
        ({"par": 10}, 9, 0.1, 10, 1, 2),
        ({"par": 10, "capacity": 11}, 8, 0, 1, 4, 2),  # no case fits: the units, without rounding
        ({"par": 10, "capacity": 9}, 8, 0, 1, 4, 1),  # a par above the capacity
        ({"par": 10, "capacity": 9}, 9, 0, 1, 1, 0),
        ({"par": 10, "capacity": 10}, 10, 2.5, 1, 1, 2),  # half a unit more than will have gone has no room
    ],
)
def test_a_slot_is_filled_to_par_by_the_time_of_the_visit(
    slot: dict[str, Any], held: int, rate: float, lead: float, case: int, quantity: int
) -> None:
    assert one(slot, held, rate, lead, case) == quantity


def test_a_pick_says_what_it_was_reckoned_from() -> None:
    slots = {"B2": {"sku": "tea", "par": 5}, "A1": {"sku": "cola", "par": 10}}
    found, _ = picks("m1", slots, {"A1": 4, "B2": 2}, {"A1": 1.5}, 2, {})
    assert found == [
        Pick("m1", "A1", "cola", quantity=9, on_hand=4, par=10, expected=3.0),
        Pick("m1", "B2", "tea", quantity=3, on_hand=2, par=5, expected=0.0),
    ]


def test_slots_that_cannot_be_planned_are_named() -> None:
    slots: dict[str, dict[str, Any]] = {
        "A1": {"sku": "cola", "par": 8},
        "A2": {"sku": "tea"},
        "A3": {"sku": "tea", "par": 5},
    }
    found, unplanned = picks("m1", slots, {"A1": None, "A2": 3, "A3": 0}, {}, 1, {})
    assert [pick.selection for pick in found] == ["A3"]
    assert unplanned == ["A1", "A2"]


def test_the_load_is_by_sku() -> None:
    slots = {"A1": {"sku": "tea", "par": 8}, "A2": {"sku": "cola", "par": 3}, "A3": {"sku": "tea", "par": 5}}
    found, _ = picks("m1", slots, {"A1": 0, "A2": 0, "A3": 1}, {}, 1, {})
    assert by_sku(found) == {"cola": 3, "tea": 12}
