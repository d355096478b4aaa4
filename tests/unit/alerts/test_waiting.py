"""How long events wait in the hub: exact to a hundredth of its retention, whatever the load was."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.alerts.waiting import SAMPLES, SCHEMA, Samples, noted, waiting
from vending.errors import Transient

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


@given(
    arrivals=st.lists(st.integers(0, 40), min_size=1, max_size=400),
    share=st.floats(0, 1),
    retention=st.integers(2, 60),
)
def test_the_age_is_that_of_the_oldest_event_that_is_not_done(
    arrivals: list[int], share: float, retention: int
) -> None:
    """A sweep a minute; each minute's arrivals have the numbers that follow."""
    samples, last, enqueued = Samples("1"), -1, []
    kept = retention * 10 * MINUTE
    for minute, count in enumerate(arrivals):
        enqueued += [NOON + minute * MINUTE] * count
        last += count
        now = NOON + minute * MINUTE
        samples = noted(samples, "1", {"0": last}, now, kept)
    done = round(share * (last + 1)) - 1
    told = waiting(samples.samples, {"0": done}, now)
    true = now - enqueued[done + 1] if done < last else timedelta()
    exact = max(MINUTE, kept / SAMPLES + MINUTE)
    assert told <= true
    if true < kept:
        assert true - told <= exact
    assert len(samples.samples) <= SAMPLES + 1


def test_the_slowest_partition_counts_and_a_partition_never_read_waits_from_its_first_event() -> None:
    samples = noted(Samples("1"), "1", {"0": 5, "1": -1}, NOON, DAY)
    samples = noted(samples, "1", {"0": 9, "1": 3}, NOON + DAY / 10, DAY)
    now = NOON + DAY / 5
    assert waiting(samples.samples, {"0": 9}, now) == DAY / 10
    assert waiting(samples.samples, {"0": 4, "1": 3}, now) == DAY / 5
    assert waiting(samples.samples, {}, now) == DAY / 5
    assert waiting(samples.samples, {"0": 9, "1": 3}, now) == timedelta()


@pytest.mark.parametrize(("generation", "last"), [("2", 50), ("1", 3)])
def test_a_recreated_hub_begins_anew(generation: str, last: int) -> None:
    samples = noted(Samples("1"), "1", {"0": 40}, NOON, DAY)
    anew = noted(samples, generation, {"0": last}, NOON + MINUTE, DAY)
    assert (anew.generation, [sample.last for sample in anew.samples]) == (generation, [{"0": last}])


def test_marks_survive_the_blob_and_newer_ones_wait() -> None:
    samples = noted(Samples("1"), "1", {"0": 5, "1": -1}, NOON, DAY)
    assert Samples.decode(samples.encode()) == samples
    newer = Samples("1", schema=SCHEMA + 1).encode()
    with pytest.raises(Transient, match="schema"):
        Samples.decode(newer)
