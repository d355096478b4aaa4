"""A fleet, and what befalls it, from a TOML file or a built-in scenario.

Model time starts as the file says, so that the bodies depend on the file and the seed alone.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from simulator import scenario_file
from simulator.acts import install
from simulator.commandline import Answer
from simulator.demand import HOUR
from simulator.fleet import Fleet
from simulator.live import Files, Live, Pace
from simulator.options import moment
from simulator.report import Report
from simulator.run import Hub, print_deliveries
from simulator.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Instead:
    """What is said instead of the file's: model hours, model seconds per second."""

    machines: int | None = None
    seed: int | None = None
    hours: float | None = None
    speed: float | None = None


class Played:
    """A scenario with its fleet. Raises ValueError for a file that is none."""

    def __init__(self, file: Path, instead: Instead, prefix: str) -> None:
        held = scenario_file.read(file)
        given = {name: getattr(instead, name) for name in ("machines", "seed", "hours", "speed")}
        self.scenario = replace(held, **{name: x for name, x in given.items() if x is not None})
        self.fleet = Fleet(self.scenario.seed, self.scenario.machines, prefix)
        self.start = moment(self.scenario.start)
        self.end = self.start + int(self.scenario.hours * HOUR)

    def dry(self) -> None:
        """Print its deliveries."""
        timeline = Timeline(self.fleet, self.scenario.faults, self.start)
        install(self.scenario, timeline)
        print_deliveries(timeline, self.end)

    def run(self, hub: Hub, dates: str, truth: Path | None, report: Report) -> Answer:
        """Send it. Raises ValueError, RuntimeError."""
        pace = Pace(self.scenario.speed, dates, self.start, None, self.end)
        live = Live(self.fleet, self.scenario.faults, pace, hub, Files(truth=truth))
        install(self.scenario, live.timeline)
        return live.run(report)
