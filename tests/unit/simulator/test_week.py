"""A week of a fleet without faults on the way: the mix of events, and whether people and machines behave."""

import json
from collections import Counter, defaultdict
from typing import Any

import pytest

from simulator.demand import DAY
from simulator.fleet import Fleet
from simulator.mishaps import FAULTS
from simulator.products import ARCHETYPES
from simulator.timeline import Timeline
from tests.unit.simulator.deliveries import START

MACHINES = 60
DAYS = 7
MIX = {
    "device.heartbeat": (96, 240),
    "temperature": (96, 144),
    "vend.completed": (20, 60),
    "vend.failed": (0.3, 3),
    "cash.level": (4, 6),
    "inventory.level": (0.5, 3),
    "door": (0.4, 2),
    "visit.started": (0.2, 1),
    "visit.ended": (0.2, 1),
    "inventory.restocked": (0.2, 1),
    "cash.collected": (0.1, 1),
    "fault.raised": (0.1, 1),
    "fault.cleared": (0.1, 1),
    "device.boot": (0.1, 0.5),
    "power": (0.1, 0.5),
    "health.lockout": (0.001, 0.1),
}
"""Events of a machine and a day. Heartbeats come every six to fifteen minutes, temperatures every ten."""
EVA_CODES = {
    "EAR", "END", "ENE", "ENF", "ENK", "EKM", "EK2M", "ELA", "ELB", "EJH", "EJJ", "EOA", "OBK", "OBM", "OBO",
    "EIK", "EIL", "EIN",
}  # fmt: skip
"""Event codes of EVA-DTS that a machine of these kinds raises."""

Event = tuple[int, str, dict[str, Any]]


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet(1, MACHINES)


@pytest.fixture(scope="module")
def week(fleet: Fleet) -> list[Event]:
    """Machine, name of the event, event."""
    found = []
    for _, delivery in Timeline(fleet, frozenset(), START).until(START + DAYS * DAY):
        event = json.loads(delivery.body)
        name = event["type"].removeprefix("io.vendstream.").removesuffix(".v1")
        found.append((delivery.machine, name, event))
    return found


def of(week: list[Event], *names: str) -> list[dict[str, Any]]:
    return [event["data"] for _, name, event in week if name in names]


def test_a_day_has_the_mix_of_a_real_fleet(week: list[Event]) -> None:
    days = MACHINES * DAYS
    counts = Counter(name for _, name, _ in week)
    assert 270 < counts.total() / days < 330
    assert counts.keys() == MIX.keys()
    wrong = {name: counts[name] / days for name, (low, high) in MIX.items()
             if not low <= counts[name] / days <= high}  # fmt: skip
    assert wrong == {}


def test_every_kind_of_machine_is_there_and_lives_alike(fleet: Fleet, week: list[Event]) -> None:
    kinds = Counter(fleet.machine(number).archetype.name for number in range(MACHINES))
    assert kinds.keys() == {archetype.name for archetype in ARCHETYPES}
    events = Counter(machine for machine, _, _ in week)
    assert all(200 < count / DAYS < 420 for count in events.values())
    vends = Counter(machine for machine, name, _ in week if name == "vend.completed")
    assert vends.keys() == events.keys()


def test_popularity_is_zipfs(fleet: Fleet, week: list[Event]) -> None:
    sold: dict[int, Counter[str]] = defaultdict(Counter)
    for machine, name, event in week:
        if name == "vend.completed" and event["data"]["paymentMethod"] != "test":
            sold[machine][event["data"]["selection"]] += event["data"]["quantity"]
    seen = expected = 0.0
    for machine, counts in sold.items():
        slots = fleet.machine(machine).slots
        weights = {slot.selection: slot.popularity for slot in slots}
        assert max(weights.values()) == 1
        first = slots[0].selection
        seen += counts[first]
        expected += counts.total() / sum(weights.values())
    assert seen == pytest.approx(expected, rel=0.15)


def test_people_pay_in_every_way(week: list[Event]) -> None:
    paid = Counter(data["paymentMethod"] for data in of(week, "vend.completed"))
    assert paid.keys() == {"cash", "cashless", "mobile", "token", "free", "test"}
    shares = {name: count / paid.total() for name, count in paid.items()}
    assert shares["cash"] == pytest.approx(0.42, abs=0.03)
    assert shares["cashless"] == pytest.approx(0.38, abs=0.03)
    assert shares["mobile"] == pytest.approx(0.16, abs=0.03)
    assert all(data["paidMinor"] == 0 for data in of(week, "vend.completed")
               if data["paymentMethod"] in ("free", "test"))  # fmt: skip


def test_what_fails_has_a_code_of_eva_dts(week: list[Event]) -> None:
    failed = of(week, "vend.failed")
    assert {data["reason"] for data in failed} == {"motor", "nodrop", "denied", "cancel", "soldout"}
    codes = {data["reason"]: set() for data in failed}  # type: dict[str, set[str | None]]
    for data in failed:
        codes[data["reason"]].add(data.get("evaCode"))
    assert codes == {
        "motor": {"ELA"}, "nodrop": {"ELA"}, "soldout": {"ELB"}, "denied": {None}, "cancel": {None, "OBK"},
    }  # fmt: skip
    raised = of(week, "fault.raised")
    assert {data["code"] for data in raised} | {fault.split()[1] for fault in FAULTS} <= EVA_CODES
    assert all(data["codeSystem"] == "eva" for data in raised)
    assert {data["cause"] for data in of(week, "health.lockout")} == {"EJH"}


def test_faults_end_and_visits_open_the_door(week: list[Event]) -> None:
    open_faults: dict[tuple[int, str], bool] = {}
    doors: dict[int, bool] = {}
    visits: dict[int, str] = {}
    for machine, name, event in week:
        data = event["data"]
        if name in ("fault.raised", "fault.cleared"):
            raised = name == "fault.raised"
            assert open_faults.get((machine, data["code"] + data["component"]), False) is not raised
            open_faults[machine, data["code"] + data["component"]] = raised
        elif name == "visit.started":
            assert visits.setdefault(machine, data["visitId"]) == data["visitId"]
        elif name == "door" and data["open"]:
            assert machine in visits
            doors[machine] = True
        elif name in ("inventory.restocked", "cash.collected"):
            assert doors.get(machine)
            assert visits[machine] == data["visitId"]
        elif name == "visit.ended":
            assert visits.pop(machine) == data["visitId"]
            doors[machine] = False


def test_firmware_changes_with_an_update_and_boots_tell_why() -> None:
    firmware: dict[int, str] = {}
    reasons: Counter[str] = Counter()
    for _, delivery in Timeline(Fleet(2, 12), frozenset(), START).until(START + 40 * DAY):
        if b"device.boot" not in delivery.body:
            continue
        event = json.loads(delivery.body)
        data = event["data"]
        reasons[data["reason"]] += 1
        assert data["lastSequence"] == event["sequence"] - 1
        assert event["uptime"] == 0
        if delivery.machine in firmware:
            assert (data["firmware"] != firmware[delivery.machine]) == (data["reason"] == "update")
        firmware[delivery.machine] = data["firmware"]
    assert reasons.keys() == {"install", "power", "watchdog", "update"}
