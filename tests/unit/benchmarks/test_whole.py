"""The bench of everything: its arrivals, its clock, its reckoning."""

from datetime import timedelta
from itertools import pairwise
from math import exp

import pytest

from benchmarks import formula, schedules
from benchmarks.arrivals import START, Day, handed_over, window
from benchmarks.deployed import POLL
from benchmarks.formula import Load, units_per_event
from benchmarks.meter import Meter, Part, Parts
from benchmarks.whole import per_event, together
from tests.support.metadata import triggers


def test_each_partition_numbers_its_own_events_and_each_batch_is_of_one() -> None:
    day = Day(machines=20, partitions=4, hours=1)
    list(day.before())
    batches = day.live(30)
    assert {event.partition for batch in batches for event in batch} == {"0", "1", "2", "3"}
    for partition in "0123":
        own = [batch for batch in batches if batch[0].partition == partition]
        assert all(event.partition == partition for batch in own for event in batch)
        numbers = [event.sequence for batch in own for event in batch]
        assert all(after == before + 1 for before, after in pairwise(numbers))


def test_a_batch_is_handed_over_when_its_window_has_passed() -> None:
    day = Day(machines=5, hours=1)
    list(day.before())
    batch, *_, later = day.live(30)
    assert len(batch) < window()[0]
    assert handed_over(batch) == batch[0].enqueued + timedelta(seconds=window()[1])
    full = batch * window()[0] + later
    assert handed_over(full) == later[-1].enqueued > batch[0].enqueued


def test_the_timers_are_those_of_infra_and_fire_as_it_says() -> None:
    assert schedules.deployed().keys() == {"roll_up", "sweep", "compact", "daily_report"}
    timers = schedules.deployed()
    found = list(schedules.ticks(timers["compact"], START, START + timedelta(minutes=20)))
    assert found == [START + timedelta(minutes=10), START + timedelta(minutes=20)]
    assert len(list(schedules.ticks(timers["sweep"], START, START + timedelta(minutes=5)))) == pytest.approx(
        5 / schedules.minutes_between("sweep", START)
    )


def test_the_host_polls_as_the_trigger_says() -> None:
    assert [one["feedPollDelay"] for one in triggers("cosmosDBTrigger")] == [1000 * POLL]


def test_a_part_is_what_its_blocks_took() -> None:
    meter = Meter()
    parts = Parts(meter)
    meter.charge("read", 1.0)
    for units in (2.0, 3.0):
        with parts.part("ingest"):
            meter.charge("write", units)
    assert (parts.by["ingest"].requests, parts.by["ingest"].units) == (2, 5.0)


def test_compaction_counts_by_the_events_that_it_wrote_and_the_host_has_no_cpu() -> None:
    parts = {"compact": Part(1000.0), "machines_feed": Part(50.0, 10, 20.0), "ingest": Part(10.0, 10, 10.0)}
    found = per_event(parts, 10, {"compact": 1000})
    assert together(found) == {"cpu_us_per_event": 2.0, "requests_per_event": 2.0, "ru_per_event": 3.0}
    assert "compact" not in per_event(parts, 10, {"compact": 0})


def test_the_reckoning_by_hand() -> None:
    """A batch is what comes in 15 s; the host polls every two seconds, of which some polls end a reading."""
    load = Load(machines=100, partitions=1, ranges=1)
    assert load.batch == pytest.approx(1 + 15 * 100 * 300 / 86_400)
    found = units_per_event(load)
    assert found["idle_polls"] == pytest.approx(43_200 / 30_000 - 1 / load.batch)
    assert found["watch_machines"] == pytest.approx(0.14 * 0.25 * 2.5 + 1 / load.batch)
    stock, page = 2 * (5 + 0.7), 5 + 0.7 * 5
    writes = (2 * 10.5 / (0.055 * load.batch)) ** 0.5
    young = 2 * (5 + 45 * (0.055 * load.batch * writes / 2 - 1) / 99 + 0.7)
    registers = young + 2 * (5 + 45 * (10.5 - 1) / 99 + 0.7) / writes
    assert found["ingest"] == pytest.approx(0.14 * (stock + page) + registers / load.batch, abs=0.01)


def test_thrown_at_random_some_boxes_are_hit_twice() -> None:
    assert formula.hit(10, 0) == 0
    assert formula.hit(1_000_000, 5) == pytest.approx(5, rel=1e-4)
    assert formula.hit(10, 10_000) == pytest.approx(10)


def test_what_ticks_cost_by_themselves_is_shared_until_a_bucket_has_many_machines() -> None:
    sizes = (100, 5_000, 100_000)
    small, middle, large = (units_per_event(Load(machines, 4, 1)) for machines in sizes)
    assert small["sweep"] > middle["sweep"]
    assert middle["roll_up"] < small["roll_up"] / 2
    assert middle["roll_up"] < large["roll_up"] / 2


def test_who_rolls_up_more_often_replaces_more_buckets_and_closes_days_as_often() -> None:
    often, seldom = (units_per_event(Load(5_000, 4, 1, roll_up=minutes)) for minutes in (1, 5))
    assert often["roll_up"] > 2 * seldom["roll_up"]
    assert often["close_days"] == seldom["close_days"]


def test_the_buckets_of_a_small_fleet_by_hand() -> None:
    """100 machines stand on five or six routes. A tick has 15 sales: they are of all of them, nearly."""
    load = Load(100, 4, 1)
    buckets = 64 * (1 - exp(-100 / 18 / 64))
    each = 0.24 * 100 / buckets
    bucket = (1 + 9 * (each - 1) / 99) + 2 * (5 + 45 * (each - 1) / 99 + 0.7)
    met = buckets * (1 - exp(-0.14 * 100 * 300 / 288 / buckets))
    state, events = 27.0, 100 * 300 / 288
    rest = units_per_event(load)["roll_up"] - (met * bucket + state) / events
    assert 0.3 < rest < 0.6  # the fleet's two days, the feed, and first sales
