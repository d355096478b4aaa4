"""Registers: the newest wins in any order; families keep their newest."""

import itertools
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.events import body, hub_event, temperature
from vending.documents.conditions import Conditions, Entry
from vending.errors import Rejected
from vending.events.event import Event, parse
from vending.state import conditions
from vending.state.conditions import FAMILIES, covers, merge, merged
from vending.views import condition_view


def event(content: bytes) -> Event:
    return parse(hub_event(1, content))


def built(*bodies: bytes) -> Entry:
    entry: Entry = {}
    for content in bodies:
        found = event(content)
        entry = merge(entry, found)
    return entry


def holding(entry: Entry) -> Conditions:
    return Conditions(id="0:0", partition="0", shard=0, machines={"m1": entry})


def test_durations_come_from_two_registers() -> None:
    entry = built(temperature(1, 3.0), temperature(2, 4.4), temperature(3, 5.5), temperature(4, 7.0))
    assert (entry["temp:main"][3], entry["good:main"][3]) == (7.0, 4.4)
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
    assert merge(entry, found) is entry


def test_two_contents_of_one_reading_are_a_conflict() -> None:
    with pytest.raises(Rejected, match="conflict"):
        built(temperature(1, 4.0), temperature(1, 4.5))


Told = tuple[int, int, int, int]
"""Of a fault: epoch, sequence, code, length of the code."""
readings = st.lists(
    st.tuples(st.integers(1, 2), st.integers(1, 300), st.integers(0, 60), st.integers(2, 64)),
    max_size=90,
    unique_by=lambda x: x[:2],
)
arrivals = readings.flatmap(lambda told: st.tuples(st.just(told), st.permutations(told)))
LONG: list[Told] = [(1, 100 + code, code, 64) for code in range(18)]
BIG, SMALL = (1, 50, 60, 64), (1, 10, 0, 2)


def fault(epoch: int, number: int, code: int, length: int) -> bytes:
    return body("fault.raised", {"component": "c", "code": f"{code:0{length}d}"[:64]}, number, epoch=epoch)


def faults(entry: Entry) -> int:
    return sum(name.startswith("fault:") for name in entry)


@given(arrivals)
@example(([*LONG, BIG, SMALL], [*LONG, SMALL, BIG]))  # by bytes, SMALL stayed in one of them only
def test_a_family_keeps_its_newest_in_any_order(both: tuple[list[Told], list[Told]]) -> None:
    """P3. The example: a bound in bytes forgot what it had dropped, and so did ``vendctl account``."""
    told, shuffled = both
    entry = built(*(fault(*x) for x in told))
    assert entry == built(*(fault(*x) for x in shuffled))
    codes: dict[str, tuple[int, int]] = {}
    for epoch, number, code, length in told:
        name = f"fault:c:{code:0{length}d}"
        codes[name] = max(codes.get(name, (0, 0)), (epoch, number))
    newest = sorted(codes, key=lambda name: (codes[name], name))[-FAMILIES["fault"] :]
    assert {name for name in entry if name.startswith("fault:")} == set(newest)
    assert all(covers(entry, event(fault(*x))) for x in told)


@given(arrivals, st.integers(0, 2**90 - 1))
@example(([*LONG, BIG, SMALL], [*LONG, SMALL, BIG]), 1 << 18)
def test_events_of_two_partitions_are_one_machine(both: tuple[list[Told], list[Told]], places: int) -> None:
    """Whichever document each event went to, the fleet shows the same as if all had come to one."""
    _, shuffled = both
    parts: tuple[list[bytes], list[bytes]] = ([], [])
    for number, told in enumerate(shuffled):
        parts[places >> number & 1].append(fault(*told))
    documents = [holding(built(*bodies)) for bodies in parts if bodies]
    whole = built(*(fault(*x) for x in both[0]))
    found = merged(documents).get("m1", {})
    assert found == whole
    assert list(found) == sorted(found)
    assert all(covers(found, event(fault(*x))) for x in shuffled)


def test_every_order_of_six_readings_ends_in_the_same_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exhaustive where the property draws: two zones fit, names short and long, one zone read twice."""
    monkeypatch.setitem(conditions.FAMILIES, "temp", 2)
    zones = ["z" * 64, "x" * 5, "a", "z" * 64, "b" * 40, "c"]
    told = [
        body("temperature", {"zone": zone, "celsius": 9.0}, 5 + n) for n, zone in enumerate(zones, start=1)
    ]
    ends = []
    for order in itertools.permutations(told):
        entry = built(*order)
        assert all(covers(entry, event(content)) for content in told)
        ends.append(entry)
    assert all(entry == ends[0] for entry in ends)
    assert [name for name in ends[0] if name != "seen"] == [f"temp:{'b' * 40}", "temp:c"]


def test_a_document_of_before_is_read_and_bounded_when_it_grows() -> None:
    """A family was bounded in bytes once (a fault's 2,400, a zone's 560; 55 for each beside its name): it may
    hold more registers than now, or lack some that fit now. Those are told as missing, never as there."""
    seen: Entry = {"seen": [1, 500, 0, "ntp"]}
    old = seen | {f"fault:c:{n}": [1, 100 + n, 0, True] for n in range(FAMILIES["fault"] + 2)}
    assert covers(old, event(body("fault.raised", {"component": "c", "code": "0"}, 100)))
    assert covers(old, event(body("fault.raised", {"component": "c", "code": "gone"}, 40)))
    assert not covers(old, event(body("fault.raised", {"component": "c", "code": "new"}, 400)))
    again = event(body("fault.cleared", {"component": "c", "code": "0"}, 300))
    entry = merge(old, again)
    assert faults(entry) == FAMILIES["fault"] + 2
    new = event(body("fault.raised", {"component": "c", "code": "new"}, 400))
    entry = merge(entry, new)
    assert faults(entry) == FAMILIES["fault"]
    assert entry["fault:c:0"][:2] == [1, 300]
    bytes_of_before = seen | {f"fault:c:{n:064d}": [1, 100 + n, 0, True] for n in range(18)}
    assert not covers(bytes_of_before, event(body("fault.raised", {"component": "c", "code": "9" * 64}, 40)))


def told(name: str, component: str, code: str, number: int) -> bytes:
    return body(f"fault.{name}", {"component": component, "code": code}, number)


def states(entry: Entry) -> dict[str, list[Any]]:
    return {name: value[1:2] + value[3:] for name, value in entry.items() if name != "seen"}


def test_two_faults_whose_words_hold_colons_are_two_registers() -> None:
    """One's clearing cleared the other: ``fault:a:b:c`` was ``c`` of ``a:b`` and ``b:c`` of ``a``."""
    entry = built(
        told("raised", "a:b", "c", 1), told("raised", "a", "b:c", 2), told("cleared", "a:b", "c", 3)
    )
    assert states(entry) == {"fault:a~b:c": [3, False], "fault:a:b~c": [2, True]}
    assert [(x.component, x.code) for x in condition_view.faults(entry)] == [("a", "b:c")]


@pytest.mark.parametrize(("component", "code", "name"), [("a:b", "c", "a~b:c"), ("a", "b:c", "a:b~c")])
def test_a_register_of_schema_1_that_two_faults_shared_goes_with_the_next_event_of_either(
    component: str, code: str, name: str
) -> None:
    old: Entry = {"fault:a:b:c": [1, 5, 0, True], "seen": [1, 9, 0, "ntp"]}
    assert [(x.component, x.code) for x in condition_view.faults(old)] == [("a", "b:c")]
    for number, state in ((4, "cleared"), (5, "raised")):
        late = event(told(state, component, code, number))
        assert covers(old, late)
        assert merge(old, late) is old
    other = event(told("cleared", component, code, 5))
    with pytest.raises(Rejected, match="conflict"):
        merge(old, other)
    for state in ("raised", "cleared"):
        new = event(told(state, component, code, 6))
        assert not covers(old, new)
        entry = merge(old, new)
        assert states(entry) == {f"fault:{name}": [6, state == "raised"]}
        assert covers(entry, event(told("raised", component, code, 5)))


def test_a_register_of_schema_1_beside_the_new_one_counts_while_it_is_newer() -> None:
    """As two documents hold them, or code of before wrote it once more."""
    both: Entry = {"fault:a:b:c": [1, 7, 0, True], "fault:a~b:c": [1, 5, 0, False], "seen": [1, 9, 0, "ntp"]}
    late = event(told("cleared", "a:b", "c", 6))
    assert covers(both, late)
    assert merge(both, late) is both
    new = event(told("cleared", "a:b", "c", 8))
    assert not covers(both, new)
    assert states(merge(both, new)) == {"fault:a~b:c": [8, False]}
    same = [holding({name: [1, 5, 0, True]}) for name in ("fault:a:b:c", "fault:a~b:c")]
    assert states(merged(same)["m1"]) == {"fault:a~b:c": [5, True]}


@pytest.mark.parametrize("turn", [1, -1])
def test_a_register_of_schema_1_in_another_document_is_superseded_too(turn: int) -> None:
    old: Entry = {"fault:a:b:c": [1, 5, 0, True]}
    new = [holding(old), holding(built(told("cleared", "a:b", "c", 6)))]
    assert states(merged(new[::turn])["m1"]) == {"fault:a~b:c": [6, False]}
    before = [holding(old), holding(built(told("cleared", "a:b", "c", 4)))]
    assert states(merged(before[::turn])["m1"]) == {"fault:a:b:c": [5, True], "fault:a~b:c": [4, False]}


def test_what_was_never_told_is_not_covered() -> None:
    entry = built(temperature(5), fault(1, 6, 1, 2))
    assert covers(entry, event(temperature(5)))
    assert covers(entry, event(temperature(4)))
    assert not covers(entry, event(temperature(7)))
    assert not covers(entry, event(fault(1, 3, 2, 2)))
    assert not covers({}, event(temperature(1)))


@pytest.mark.parametrize("turn", [1, -1])
def test_a_machine_in_two_documents_is_the_newest_of_each_register(turn: int) -> None:
    both = [holding(built(temperature(n, x))) for n, x in ((5, 4.0), (6, 9.0))]
    found = merged(both[::turn])
    assert (found["m1"]["temp:main"][3], found["m1"]["good:main"][3]) == (9.0, 4.0)
