"""What an act of a scenario does to the machines it befalls, and how it ends."""

from collections.abc import Iterable, Iterator
from functools import partial

from simulator import climate, mishaps
from simulator.dice import Dice
from simulator.fleet import MACHINES_PER_SITE
from simulator.scenario_file import Act, Scenario
from simulator.timeline import Timeline
from simulator.unit import Unit


def install(scenario: Scenario, timeline: Timeline) -> None:
    """Put a scenario's acts into a timeline that has not begun."""
    start = timeline.now
    for number, act in enumerate(scenario.acts):
        struck = list(_struck(act, number, timeline))
        timeline.at(start + act.at, partial(_begin, act, struck, timeline))
        timeline.at(start + act.end, partial(_end, act, struck, timeline))


def _struck(act: Act, number: int, timeline: Timeline) -> Iterator[Unit]:
    """The units at the chosen sites: things like these happen to places, not to machines."""
    for unit in timeline.units:
        site = unit.number // MACHINES_PER_SITE
        if Dice.of(timeline.fleet.seed, "act", number, site).random() < act.share:
            yield unit


def _begin(act: Act, units: Iterable[Unit], timeline: Timeline, now: int) -> None:
    for unit in units:
        model = unit.model
        match act.what:
            case "network-cut":
                unit.link.cut(now, act.end - act.at)
            case "power-cut":
                mishaps.lose_power(model, now)
                model.again("mains", now + act.end - act.at)
            case "heat":
                climate.follow(model, now)
                model.ambient = act.value
            case "demand":
                model.demand = act.value
            case "no-visits":
                model.unattended_until = now + act.end - act.at
            case "jam":
                model.jammed = True
            case "price":
                model.markup = int(act.value)
        timeline.add(unit.told(now))
        timeline.touched(unit)


def _end(act: Act, units: Iterable[Unit], timeline: Timeline, now: int) -> None:
    for unit in units:
        model = unit.model
        match act.what:
            case "heat":
                climate.follow(model, now)
                model.ambient = 21.0
            case "demand":
                model.demand = 1.0
            case "jam":
                model.jammed = False
            case "price":
                model.markup = 0
        timeline.touched(unit)
