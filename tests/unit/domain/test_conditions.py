"""Registers: the newest wins in any order; families keep their newest within their bytes."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core import body, hub_event, temperature
from vending.domain.clock import moments
from vending.domain.conditions import FAMILIES, REGISTER, Entry, covers, merge, merged
from vending.domain.events import Event, parse
from vending.errors import Rejected


def event(content: bytes) -> Event:
    return parse(hub_event(1, content))


def built(*bodies: bytes) -> Entry:
    entry: Entry = {}
    for content in bodies:
        found = event(content)
        entry = merge(entry, found, moments([found])[found.hub.place])
    return entry


def test_durations_come_from_two_registers() -> None:
    entry = built(temperature(1, 4.0), temperature(2, 5.0), temperature(3, 5.5), temperature(4, 7.0))
    assert (entry["temp:main"][3], entry["good:main"][3]) == (7.0, 5.0)
    assert entry["temp:main"][2] - entry["good:main"][2] == 2


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("door", {"open": True}, {"door": [True]}),
        ("power", {"state": "off"}, {"power": ["off"]}),
        ("fault.raised", {"component": "c", "code": "EAR"}, {"fault:c:EAR": [True]}),
        ("fault.cleared", {"component": "c", "code": "EAR"}, {"fault:c:EAR": [False]}),
        (
            "device.heartbeat",
            {"uptimeS": 5, "firmware": "1.0", "queueDepth": 2, "rssiDbm": -70},
            {"heartbeat": [5, 2, -70], "firmware": ["1.0"]},
        ),
        (
            "device.heartbeat",
            {"uptimeS": 5, "firmware": "1", "queueDepth": 2},
            {"heartbeat": [5, 2], "firmware": ["1"]},
        ),
        (
            "device.boot",
            {"reason": "power", "firmware": "2", "lastSequence": 1},
            {"boot": ["power"], "firmware": ["2"]},
        ),
        ("cash.level", {"tubes": [{"coinMinor": 10, "count": 5}]}, {"cash": [[[10, 5, False]]]}),
        ("visit.ended", {"visitId": "v", "reason": "fill"}, {"visit": ["v", "fill", False]}),
        ("command.result", {"commandId": "c", "status": "failed"}, {"command": ["c", "failed"]}),
        ("price.applied", {"version": "p1"}, {"price.applied": ["p1"]}),
    ],
)
def test_the_registers_of_each_reading(
    name: str, data: dict[str, Any], expected: dict[str, list[Any]]
) -> None:
    entry = built(body(name, data, 1))
    assert {key: value[3:] for key, value in entry.items()} == {"seen": ["ntp"]} | expected


def test_nothing_new_is_the_same_object() -> None:
    entry = built(temperature(5))
    found = event(temperature(4))
    assert merge(entry, found, moments([found])[found.hub.place]) is entry


def test_two_contents_of_one_reading_are_a_conflict() -> None:
    with pytest.raises(Rejected, match="conflict"):
        built(temperature(1, 4.0), temperature(1, 4.5))


readings = st.lists(
    st.tuples(st.integers(1, 2), st.integers(1, 300), st.integers(0, 60), st.integers(1, 64)),
    max_size=60,
    unique_by=lambda x: x[:2],
)


def fault(epoch: int, number: int, code: int, length: int) -> bytes:
    return body("fault.raised", {"component": "c", "code": f"{code:0{length}d}"[:64]}, number, epoch=epoch)


@given(readings, st.integers(0, 2**32))
def test_a_family_keeps_its_newest_in_any_order(told: list[tuple[int, int, int, int]], seed: int) -> None:
    bodies = [fault(*x) for x in told]
    shuffled = random.Random(seed).sample(bodies, len(bodies))
    entry = built(*bodies)
    assert entry == built(*shuffled)
    kept = [name for name in entry if name.startswith("fault:")]
    assert sum(len(name) + REGISTER for name in kept) <= FAMILIES["fault"]
    assert all(covers(entry, event(content)) for content in bodies)


def test_what_was_never_told_is_not_covered() -> None:
    entry = built(temperature(5), fault(1, 6, 1, 2))
    assert covers(entry, event(temperature(5)))
    assert covers(entry, event(temperature(4)))
    assert not covers(entry, event(temperature(7)))
    assert not covers(entry, event(fault(1, 3, 2, 2)))
    assert not covers({}, event(temperature(1)))


@pytest.mark.parametrize("turn", [1, -1])
def test_a_machine_in_two_documents_is_the_newest_of_each_register(turn: int) -> None:
    both = [{"machines": {"m1": built(temperature(n, x))}} for n, x in ((5, 4.0), (6, 9.0))]
    found = merged(both[::turn])
    assert (found["m1"]["temp:main"][3], found["m1"]["good:main"][3]) == (9.0, 4.0)
