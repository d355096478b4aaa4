"""Every delivery of a simulated fleet against the event contract that it claims to speak."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from simulator.demand import DAY
from simulator.fleet import Fleet
from simulator.link import FAULTS, Delivery
from simulator.timeline import Timeline
from vending.domain.events import HubEvent, parse
from vending.errors import Rejected

START = 1_767_571_200_000  # 2026-01-05, a Monday


def hub_event(number: int, at: int, delivery: Delivery) -> HubEvent:
    """A delivery as a hub would hand it out."""
    enqueued = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at)
    system = {"x-opt-publisher": delivery.publisher} if delivery.publisher else {}
    return HubEvent("1", "0", number, str(number), enqueued, delivery.key, {}, system, delivery.body)


@pytest.mark.parametrize("seed", [1, 2])
def test_events_are_valid_and_poison_is_refused_for_the_reason_given(seed: int) -> None:
    timeline = Timeline(Fleet(seed, 40), frozenset(FAULTS), START)
    reasons: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for number, (at, delivery) in enumerate(timeline.until(START + 3 * DAY)):
        hub = hub_event(number, at, delivery)
        if delivery.reason in ("", "conflict"):  # a conflict is valid in itself
            names[parse(hub).name] += delivery.kind == "event"
            continue
        with pytest.raises(Rejected) as refused:
            parse(hub)
        assert refused.value.reason == delivery.reason, delivery.body[:300]
        reasons[delivery.reason] += 1
    assert reasons.keys() == {"not-json", "wrong-schema", "unknown-type", "oversize", "forged-identity"}
    assert {"vend.completed", "vend.failed", "inventory.restocked", "cash.collected"} <= names.keys()
    assert {"inventory.level", "cash.level", "temperature", "door", "power", "fault.raised"} <= names.keys()
    assert {
        "fault.cleared",
        "device.heartbeat",
        "device.boot",
        "visit.started",
        "visit.ended",
    } <= names.keys()
