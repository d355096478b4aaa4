"""Which hub events of a machine are counted: the newest run, which ends at what is still to be judged."""

import pytest

from tests.support.events import hub_event
from vending.state.deliveries import Deliveries, Run


def run(stored: Run | None, counted: list[int], left_open: list[int]) -> Run:
    """The run of partition 0 after a fold."""
    deliveries = Deliveries({} if stored is None else {"1/0": stored})
    for number in counted:
        deliveries.counted(hub_event(number, b""))
    for number in left_open:
        deliveries.left_open(hub_event(number, b""))
    return deliveries.dump()["1/0"]


@pytest.mark.parametrize(
    ("stored", "counted", "left_open", "expected"),
    [
        (None, [3, 5, 4], [], [3, 5]),
        ([1, 2], [3, 4], [], [1, 4]),
        ([3, 4], [1, 2], [], [1, 4]),
        ([1, 2], [5, 6], [], [5, 6]),  # between them others may have been: only the newest run is known
        ([10, 12], [5, 6], [], [5, 6]),  # the platform went back
        ([1, 2], [3, 5, 6], [4], [5, 6]),
        ([1, 2], [3, 4], [9], [1, 4]),
    ],
)
def test_the_newest_run(stored: Run | None, counted: list[int], left_open: list[int], expected: Run) -> None:
    assert run(stored, counted, left_open) == expected


def test_a_redelivery_is_within_the_stored_run_of_its_own_partition() -> None:
    deliveries = Deliveries({"1/0": [4, 6]})
    deliveries.counted(hub_event(7, b""))
    told = {number: deliveries.redelivered(hub_event(number, b"")) for number in (3, 4, 6, 7)}
    assert told == {3: False, 4: True, 6: True, 7: False}
    assert not deliveries.redelivered(hub_event(5, b"", partition="1"))


def test_what_no_fold_counted_stays_as_it_is() -> None:
    assert Deliveries({"1/1": [1, 9]}).dump() == {"1/1": [1, 9]}
