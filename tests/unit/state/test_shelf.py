"""A machine's slots in a fold: an event's effects happen whole, or not at all."""

import pytest

from vending.errors import Rejected
from vending.events.base import SlotEffect
from vending.state.shelf import MAX_SLOTS, ONLY_FAILED, Shelf


def test_effects_are_levels_capacities_and_what_left() -> None:
    shelf = Shelf({"B1": [[1, 1, 4], None, []]})
    shelf.apply((1, 2), [SlotEffect("A1", level=9, capacity=12, vended=2), SlotEffect("B1", vended=1)])
    assert shelf.dump() == {
        "A1": [[1, 2, 9], [1, 2, 12], []],  # a level is counted after what its own event took
        "B1": [[1, 1, 4], None, [[1, 2]]],
    }


def test_a_refused_effect_takes_its_neighbours_along() -> None:
    shelf = Shelf({"A1": [[1, 2, 5], None, []]})
    with pytest.raises(Rejected, match="was stored with level 5, now says 6"):
        shelf.apply((1, 2), [SlotEffect("B1", level=3, capacity=9), SlotEffect("A1", level=6)])
    assert shelf.dump() == {"A1": [[1, 2, 5], None, []]}


def test_a_selection_is_named_once() -> None:
    with pytest.raises(Rejected, match="named twice"):
        Shelf({}).apply((1, 1), [SlotEffect("A1", level=1), SlotEffect("A1", level=2)])


def test_a_machine_has_so_many_slots() -> None:
    shelf = Shelf({f"S{n}": [[1, 1, 4], None, []] for n in range(MAX_SLOTS - 1)})
    shelf.apply((1, 2), [SlotEffect("A1", level=1)])
    with pytest.raises(Rejected, match=f"more than {MAX_SLOTS} slots"):
        shelf.apply((1, 3), [SlotEffect("A2", level=1)])
    shelf.apply((1, 4), [SlotEffect("A1", level=2)])


def test_failures_of_selections_that_nobody_stated_are_few_and_keep_out_no_slot() -> None:
    shelf = Shelf({f"S{n}": [[1, 1, 4], None, []] for n in range(MAX_SLOTS - 5)})
    for number in range(50):
        shelf.apply((1, 9), [SlotEffect(f"F{number:02}", failed=True)])
    assert [name for name in shelf.dump() if name[0] == "F"] == [f"F{n:02}" for n in range(ONLY_FAILED)]
    for number in range(5):
        shelf.apply((1, 9), [SlotEffect(f"N{number}", vended=1)])
    with pytest.raises(Rejected, match=f"more than {MAX_SLOTS} slots"):
        shelf.apply((1, 9), [SlotEffect("N5", vended=1)])
    shelf.apply((1, 8), [SlotEffect("S1", failed=True), SlotEffect("S2", failed=True)])
    assert (shelf.dump()["S1"], shelf.dump()["F00"]) == (
        [[1, 1, 4], None, [], [[1, 8]]],
        [None, None, [], [[1, 9]]],
    )


def test_a_slot_that_nothing_is_known_of_is_not_kept() -> None:
    shelf = Shelf({})
    before = shelf.apply((1, 1), [SlotEffect("A1")])
    assert not shelf.changed(before)
    assert shelf.dump() == {}


def test_only_what_is_newer_changes_a_slot() -> None:
    shelf = Shelf({"A1": [[1, 5, 4], None, []]})
    assert not shelf.changed(shelf.apply((1, 4), [SlotEffect("A1", level=9)]))
    assert shelf.changed(shelf.apply((1, 6), [SlotEffect("A1", level=9)]))
