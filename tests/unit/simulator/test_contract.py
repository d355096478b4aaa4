"""Every delivery of a simulated fleet against the event contract that it claims to speak."""

from collections import Counter

import pytest

from simulator.compare import Stored
from simulator.credentials import publisher
from simulator.demand import DAY
from simulator.fleet import Fleet
from simulator.link import FAULTS
from simulator.timeline import Timeline
from tests.unit.simulator.deliveries import START, hub_event
from vending.errors import Rejected
from vending.events import publishers
from vending.events.event import parse


@pytest.mark.parametrize("names", [("dev-1", "vm-1"), ("Dev_1.x", "VM__1-"), ("a_.b", "c")])
def test_publishers_are_named_as_the_app_reads_them(names: tuple[str, str]) -> None:
    """Two readings of one contract."""
    assert publisher(*names, 12) == publishers.build(publishers.Publisher(*names, 12))


def test_dead_letters_of_a_fleet_are_known_by_its_devices_and_their_publishers() -> None:
    """`verify --prefix` missed the forgeries once: their key is the publisher, which begins otherwise."""
    stored = Stored("A_-")
    keys = ["A_-dev", publisher("A_-dev", "A_-vm", 1), publisher("B-dev", "A_-vm", 1), "a_-dev", "dev", None]
    for number, key in enumerate(keys):
        place = {"generation": "1", "partition": "0", "sequence": number}
        stored.dead_letter({"reason": "x", "key": key} | place)
    assert [number for _, _, number in stored.dead] == [0, 1]


def test_events_are_valid_and_poison_is_refused_for_the_reason_given() -> None:
    timeline = Timeline(Fleet(1, 40), frozenset(FAULTS), START)
    reasons: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for number, (at, delivery) in enumerate(timeline.until(START + 2 * DAY)):
        hub = hub_event(number, at, delivery)
        if delivery.reason in ("", "conflict"):  # a conflict is valid in itself
            names[parse(hub).name] += delivery.kind == "event"
            continue
        with pytest.raises(Rejected) as refused:
            parse(hub)
        assert refused.value.reason == delivery.reason, delivery.body[:300]
        reasons[delivery.reason] += 1
    assert reasons.keys() == {
        "not-json", "wrong-schema", "unknown-type", "oversize", "forged-identity", "epoch-not-issued",
    }  # fmt: skip
    assert {"vend.completed", "vend.failed", "inventory.restocked", "cash.collected"} <= names.keys()
    assert {"inventory.level", "cash.level", "temperature", "door", "power", "fault.raised"} <= names.keys()
    assert {
        "fault.cleared",
        "device.heartbeat",
        "device.boot",
        "visit.started",
        "visit.ended",
    } <= names.keys()
