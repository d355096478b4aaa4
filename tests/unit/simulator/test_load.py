"""The load's devices: valid events from two numbers a device, little memory, and a truth that agrees."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.compare import differences
from simulator.fleet import Fleet
from simulator.latency import Latencies
from simulator.link import Delivery
from simulator.load_devices import Devices
from tests.unit.simulator.deliveries import START, hub_event
from tests.unit.simulator.test_truth import applied
from vending.events.event import parse


@given(st.integers(0, 99_999), st.integers(1, 500))
def test_an_event_is_valid_and_a_function_of_device_and_number(number: int, sequence: int) -> None:
    devices = Devices(Fleet(4, 100_000, "load-"), 7)
    body = devices.event(number, sequence, START)
    event = parse(hub_event(0, START, Delivery(number, devices.key(number), body)))
    assert (event.order, event.device) == ((7, sequence), devices.key(number))
    assert body == devices.event(number, sequence, START)


@pytest.mark.parametrize("number", [0, 1, 19, 12_345])
def test_ledger_numbers_have_no_holes_and_the_mix_is_a_days(number: int) -> None:
    devices = Devices(Fleet(4, 100_000), 1)
    events = [json.loads(devices.event(number, sequence, START)) for sequence in range(1, 602)]
    ledger = [event["ledgersequence"] for event in events if "ledgersequence" in event]
    assert ledger == list(range(1, len(ledger) + 1))
    assert len(ledger) == 90
    names = [event["type"].split(".", 2)[2] for event in events]
    assert names[0] == "device.boot.v1"
    assert (names.count("device.heartbeat.v1"), names.count("temperature.v1")) == (240, 240)


async def test_the_truth_of_what_was_acknowledged(tmp_path: Path) -> None:
    devices = Devices(Fleet(5, 7, "load-"), 3)
    deliveries = []
    for number, last in enumerate((40, 0, 25, 1, 99, 20, 61)):
        devices.acknowledged[number] = last
        for sequence in range(1, last + 1):
            body = devices.event(number, sequence, START)
            deliveries.append((START, Delivery(number, devices.key(number), body)))
    devices.write_truth(tmp_path / "truth.json", epoch=3)
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert len(truth["machines"]) == 6
    assert truth["totals"]["events"] == 40 + 25 + 1 + 99 + 20 + 61
    assert differences(truth, await applied(deliveries, 30)) == []


def test_a_hundred_thousand_devices_take_a_megabyte() -> None:
    tracemalloc.start()
    try:
        devices = Devices(Fleet(6, 100_000), 1)
        devices.event(99_999, 12, START)
        assert tracemalloc.get_traced_memory()[0] < 2_000_000
    finally:
        tracemalloc.stop()


@given(st.lists(st.floats(0.0001, 50), min_size=1, max_size=300), st.floats(0.01, 1))
def test_percentiles_are_right_within_three_per_cent(durations: list[float], share: float) -> None:
    one, other = Latencies(), Latencies()
    for index, duration in enumerate(durations):
        (one if index % 2 else other).add(duration)
    one.merge(other)
    ordered = sorted(durations)
    exact = next(x for index, x in enumerate(ordered) if index + 1 >= share * len(ordered))
    assert exact * 0.9999 <= one.percentile(share) <= exact * 1.0301
    assert one.percentile(1.0) == pytest.approx(max(durations), rel=0.031)
