"""Scenario files: what they say happens, and what is wrong with them is named."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simulator import scenario_file
from simulator.acts import install
from simulator.demand import HOUR
from simulator.fleet import Fleet
from simulator.scenario_file import Scenario
from simulator.timeline import Timeline
from tests.unit.simulator.deliveries import START

MINUTE = 60_000
GOOD = 'name = "x"\nmachines = 12\nhours = 6\n'


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "scenario.toml"
    file.write_text(text)
    return file


def played(scenario: Scenario) -> list[tuple[int, dict[str, object]]]:
    """Minute from the start, and event, of everything delivered."""
    timeline = Timeline(Fleet(scenario.seed, scenario.machines), frozenset(), START)
    install(scenario, timeline)
    return [
        ((at - START) // MINUTE, json.loads(delivery.body))
        for at, delivery in timeline.until(START + int(scenario.hours * HOUR))
    ]


def count(events: list[tuple[int, dict[str, object]]], name: str, first: int, last: int) -> int:
    return sum(first <= at < last and name in str(event["type"]) for at, event in events)


@pytest.mark.parametrize("file", sorted(scenario_file.BUILT_IN.glob("*.toml")), ids=lambda x: x.stem)
def test_built_in_scenarios_can_be_read_by_name(file: Path) -> None:
    scenario = scenario_file.read(Path(file.stem))
    assert scenario == scenario_file.read(file)
    assert scenario.acts
    assert all(act.end <= scenario.hours * HOUR for act in scenario.acts)


def test_a_network_cut_ends_in_a_storm(tmp_path: Path) -> None:
    act = '[[acts]]\nwhat = "network-cut"\nat = 60\nfor = 120\n'
    events = played(scenario_file.read(written(tmp_path, GOOD + act)))
    assert count(events, "", 62, 180) == 0
    storm = count(events, "", 180, 182)
    assert storm > 5 * count(events, "", 190, 192)
    assert storm > 12 * 10


def test_a_power_cut_is_told_and_nothing_is_sold(tmp_path: Path) -> None:
    act = '[[acts]]\nwhat = "power-cut"\nat = 120\nfor = 60\n'
    events = played(scenario_file.read(written(tmp_path, GOOD + "seed = 3\n" + act)))
    off = [event for at, event in events if "power" in str(event["type"]) and 119 <= at < 122]
    assert len(off) == 12
    assert all(event["data"] == {"state": "off", "batteryPct": event["data"]["batteryPct"]} for event in off)  # type: ignore[index]
    assert count(events, "vend.", 122, 180) == 0 < count(events, "vend.", 181, 360)
    assert count(events, "device.boot", 180, 182) == 12


def kinds(tmp_path: Path, *acts: str) -> Counter[str]:
    """Types of events of two days with these acts from the first hour to the 46th."""
    text = GOOD.replace("hours = 6", "hours = 48")
    text += "".join(f"[[acts]]\nat = 60\nfor = 2700\n{act}\n" for act in acts)
    events = played(scenario_file.read(written(tmp_path, text)))
    return Counter(str(event["type"]).split(".", 2)[2].removesuffix(".v1") for _, event in events)


def test_a_jam_strikes_what_sells_best_and_prices_are_wrong_for_as_long_as_said(tmp_path: Path) -> None:
    text = GOOD.replace("hours = 6", "hours = 20")
    text += "".join(
        f"[[acts]]\nat = 480\nfor = 240\n{act}\n" for act in ('what = "jam"', 'what = "price"\nvalue = 20')
    )
    fleet, vends = Fleet(1, 12), []
    for minute, event in played(scenario_file.read(written(tmp_path, text))):
        data: Any = event["data"]
        if "vend.completed" in str(event["type"]) and minute not in (480, 720):
            number = int(str(event["subject"]).rpartition("-")[2]) - 1
            prices = {slot.selection: slot.price for slot in fleet.machine(number).slots}
            selection = data["selection"]
            vends.append((480 < minute < 720, selection == "A1", data["priceMinor"] - prices[selection]))
    assert {(during, more) for during, _, more in vends} == {(False, 0), (True, 20)}
    assert {during for during, jammed, _ in vends if jammed} == {False}


def test_heat_demand_and_absence_do_what_they_say(tmp_path: Path) -> None:
    plain = kinds(tmp_path)
    rush = kinds(tmp_path, 'what = "demand"\nvalue = 5')
    heat = kinds(tmp_path, 'what = "heat"\nvalue = 43')
    alone = kinds(tmp_path, 'what = "demand"\nvalue = 5', 'what = "no-visits"')
    assert rush["vend.completed"] > 2 * plain["vend.completed"]
    assert heat["health.lockout"] > plain["health.lockout"] + 5
    assert alone["inventory.restocked"] < plain["inventory.restocked"]
    assert alone["vend.failed"] > rush["vend.failed"] > plain["vend.failed"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "is no TOML"),
        ('machines = 3\nhours = 1\n', "needs 'name'"),
        (GOOD + "colour = 3\n", "unknown colour"),
        (GOOD + 'faults = ["gremlins"]\n', "no such faults: gremlins"),
        (GOOD + '[[acts]]\nwhat = "flood"\nat = 1\nfor = 1\n', "no act 'flood'"),
        (GOOD + '[[acts]]\nwhat = "heat"\nat = 1\nfor = 1\n', "'heat' needs value"),
        (GOOD + '[[acts]]\nwhat = "power-cut"\nat = 1\nfor = 1\nvalue = 2\n', "takes no value"),
        (GOOD + '[[acts]]\nwhat = "power-cut"\nat = 1\nfor = 1\nshare = 2\n', "share 2.0"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        scenario_file.read(written(tmp_path, text))


def test_a_missing_file_names_the_built_in_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="reconnect-storm"):
        scenario_file.read(tmp_path / "nothing")
