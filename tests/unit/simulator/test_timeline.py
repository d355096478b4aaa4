"""The same seed gives the same bytes; numbering has no holes; a saved run goes on as if never stopped."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import link
from simulator.demand import DAY, HOUR
from simulator.fleet import Fleet
from simulator.link import FAULTS, Delivery
from simulator.state import State
from simulator.timeline import Timeline
from simulator.truth import Truth, describe
from tests.unit.simulator.deliveries import START
from vendctl.local.system import ROOT

some_faults = st.frozensets(st.sampled_from(sorted(FAULTS)))


def life(seed: int, machines: int, faults: frozenset[str], hours: int) -> list[tuple[int, Delivery]]:
    return list(Timeline(Fleet(seed, machines), faults, START).until(START + hours * HOUR))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), faults=some_faults)
def test_the_same_seed_is_the_same_fleet_however_it_is_stepped(seed: int, faults: frozenset[str]) -> None:
    timeline = Timeline(Fleet(seed, 5), faults, START)
    stepped = []
    for minutes in (1, 7, 60, 61, 500, 720):
        stepped += list(timeline.until(START + minutes * 60_000))
    assert stepped == life(seed, 5, faults, 12)


def test_a_dry_run_prints_the_same_bytes_in_another_process() -> None:
    command = [sys.executable, "-m", "simulator", "run", "--dry-run", "--machines", "6", "--hours", "6"]
    runs = [
        subprocess.run([*command, "--seed", seed], cwd=ROOT, capture_output=True, check=True).stdout
        for seed in ("9", "9", "10")
    ]
    assert runs[0] == runs[1] != runs[2]
    first = json.loads(runs[0].splitlines()[0])
    assert json.loads(first["body"])["source"] == f"/devices/{first['partitionKey']}"


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), faults=some_faults)
def test_numbering_grows_without_holes_unless_events_are_lost(seed: int, faults: frozenset[str]) -> None:
    numbers: dict[tuple[str, int], list[int]] = defaultdict(list)
    ledger: dict[tuple[str, int], list[int]] = defaultdict(list)
    for _, delivery in life(seed, 4, faults - {"reordering"}, 48):
        if delivery.kind == "event":
            event = json.loads(delivery.body)
            book = (event["source"], event["deviceepoch"])
            numbers[book].append(event["sequence"])
            if "ledgersequence" in event:
                ledger[book].append(event["ledgersequence"])
    for found in [*numbers.values(), *ledger.values()]:
        assert found == sorted(set(found))
        if "losses" not in faults:
            assert found == list(range(1, len(found) + 1))


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("duplicates", {"event", "duplicate"}),
        ("resends", {"event"}),  # without offline spells there is nothing to send again
        ("reordering", {"event"}),
        ("offline", {"event"}),
        ("poison", {"event", "poison"}),
        ("conflicts", {"event", "poison"}),
        ("forgeries", {"event", "poison"}),
        ("epochs", {"event", "poison"}),
        ("clocks", {"event"}),
    ],
)
def test_each_fault_can_be_had_alone(fault: str, kinds: set[str]) -> None:
    found = life(7, 20, frozenset({fault}), 30)
    assert {delivery.kind for _, delivery in found} == kinds
    orders = defaultdict(list)
    for _, delivery in found:
        if delivery.kind == "event":
            orders[delivery.key].append(json.loads(delivery.body)["sequence"])
    in_order = all(numbers == sorted(numbers) for numbers in orders.values())
    assert in_order == (fault != "reordering")


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), faults=some_faults)
def test_counters_of_a_device_only_grow(seed: int, faults: frozenset[str]) -> None:
    uptimes: dict[tuple[str, str], int] = defaultdict(int)
    vends: dict[str, int] = defaultdict(int)
    last: dict[tuple[str, int], int] = defaultdict(int)
    for _, delivery in life(seed, 4, faults - {"reordering"}, 48):
        if delivery.kind != "event":
            continue
        event = json.loads(delivery.body)
        device, data = event["source"], event["data"]
        assert event["uptime"] >= uptimes[device, event["bootid"]]
        uptimes[device, event["bootid"]] = event["uptime"]
        if "vendId" in data:
            number = int(data["vendId"].rpartition("-")[2])
            assert number > vends[event["subject"]]
            vends[event["subject"]] = number
        if "device.boot" in event["type"]:
            assert data["lastSequence"] >= last[device, event["deviceepoch"]]
        last[device, event["deviceepoch"]] = event["sequence"]


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_is_counted(fault: str) -> None:
    chosen = frozenset({fault, "offline"} if fault == "resends" else {fault})
    timeline = Timeline(Fleet(7, 10), chosen, START)
    truth, kinds = Truth(), Counter[str]()
    deliveries = list(timeline.until(START + 8 * DAY))
    for _, delivery in deliveries:
        truth.acknowledge(timeline.units[delivery.machine].model.spec.id, delivery)
        kinds[delivery.kind] += 1
    told = describe(truth, timeline.devices())
    assert set(told["faults"]) == chosen
    counted = told["faults"][fault]
    assert counted == sum(own["faults"].get(fault, 0) for own in told["machines"].values())
    seen = {
        "duplicates": kinds["duplicate"],
        "resends": kinds["duplicate"],
        "poison": kinds["poison"],
        "conflicts": kinds["poison"],
        "forgeries": kinds["poison"],
        "epochs": kinds["poison"],
        "swaps": sum(unit.device.epoch - 1 for unit in timeline.units),
        "losses": sum(unit.lost for unit in timeline.units),
    }
    waiting = sum(delivery.kind != "event" for _, delivery in timeline.waiting())
    assert counted - waiting <= seen.get(fault, counted) <= counted
    assert (fault in {"duplicates", "resends"}) == (told["totals"]["duplicates"] > 0)


def test_losses_leave_holes_and_swaps_begin_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "LOST", 0.02)
    timeline = Timeline(Fleet(11, 8), frozenset({"losses", "swaps"}), START)
    for unit in timeline.units:
        unit.due["swap"] = START + DAY
        timeline.touched(unit)
    truth = Truth()
    for _, delivery in timeline.until(START + 2 * DAY):
        truth.acknowledge(timeline.units[delivery.machine].model.spec.id, delivery)
    told = describe(truth, timeline.devices())["machines"]
    holes = sum(
        last - first + 1 for own in told.values() for gaps in own["holes"].values() for first, last in gaps
    )
    assert 0 < holes < sum(own["lost"] for own in told.values())
    assert [unit.device.epoch for unit in timeline.units] == [2] * 8
    assert {unit.device.board for unit in timeline.units} == {0, 1}
    for unit in timeline.units:
        old, new = f"dev-{unit.number + 1:05d}/1", f"{unit.device.id}/2"
        assert old in told[unit.model.spec.id]["ledger"]
        assert new in told[unit.model.spec.id]["ledger"]


def offline(timeline: Timeline, hours: float, minutes: int) -> Timeline:
    """Every device loses its network at that hour."""
    for unit in timeline.units:
        unit.due["offline"], unit.spell = START + int(hours * HOUR), minutes * 60_000
        timeline.touched(unit)
    return timeline


def test_a_saved_run_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    fleet, faults = Fleet(12, 15), frozenset(FAULTS)
    straight = list(offline(Timeline(fleet, faults, START), 12.8, 40).until(START + 60 * HOUR))
    timeline, found = offline(Timeline(fleet, faults, START), 12.8, 40), []
    for hours in (1, 13, 40, 60):  # at 13 every device is offline, with a backlog
        found += list(timeline.until(START + hours * HOUR))
        with State(tmp_path) as state:
            state.save(timeline, Truth(), [])
            timeline = Timeline(fleet, faults, START)
            assert state.load(timeline, Truth())
            state.finish()
    assert found == straight


def test_a_board_takes_its_backlog_along() -> None:
    timeline = offline(Timeline(Fleet(16, 5), frozenset({"offline", "swaps"}), START), 3, 120)
    list(timeline.until(START + 4 * HOUR))
    unit = timeline.units[0]
    waiting, sequence = len(unit.link.backlog), unit.device.sequence
    assert waiting > 3
    unit.new_epoch(timeline.now, "new-board", other_board=True)
    assert unit.lost == waiting
    assert (unit.device.epoch, unit.device.board, unit.device.id) == (2, 1, "dev-00001-b1")
    assert unit.device.sequence < sequence
    firsts = [json.loads(delivery.body)["sequence"] for delivery in unit.link.backlog]
    assert firsts == list(range(1, len(firsts) + 1))  # the new board is offline too, and boots with levels


def test_a_smaller_fleet_keeps_the_others_numbering(tmp_path: Path) -> None:
    faults: frozenset[str] = frozenset()
    timeline = Timeline(Fleet(13, 6), faults, START)
    list(timeline.until(START + 5 * HOUR))
    with State(tmp_path) as state:
        state.save(timeline, Truth(), [])
        few = Timeline(Fleet(13, 2), faults, START)
        state.load(few, Truth())
        state.save(few, Truth(), [])
        again = Timeline(Fleet(13, 6), faults, START)
        state.load(again, Truth())
    assert [x.device.sequence for x in again.units] == [x.device.sequence for x in timeline.units]


def test_a_state_belongs_to_one_run_and_one_fleet(tmp_path: Path) -> None:
    timeline = Timeline(Fleet(14, 2), frozenset(), START)
    with State(tmp_path) as state:
        assert not state.unclean
        state.save(timeline, Truth(), [])
        with pytest.raises(RuntimeError, match="another simulator uses"):
            State(tmp_path)
    with State(tmp_path) as state:
        assert state.unclean  # nobody said that it ended well
        with pytest.raises(ValueError, match="another fleet"):
            state.load(Timeline(Fleet(15, 2), frozenset(), START), Truth())
        state.finish()
    with State(tmp_path) as state:
        assert not state.unclean
