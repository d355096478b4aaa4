"""One course of chaos: devices send, faults strike one after the other, and at the end everything is counted.

After each fault the time is taken until both functions have done what the hub held when the fault ended.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from simulator.extremes import FAULTS as EXTREMES
from tests.chaos import operator
from tests.chaos.faults import BESIDE, FAULTS
from tests.chaos.world import World
from tests.support.waiting import AWAY, finished
from vendctl.commands.program import wired
from vendctl.local.catalog import describe_fleet, import_fleet
from vendctl.local.traffic import Traffic

DEVICES = ",".join(["all", "binary-bodies", *EXTREMES])
PATIENCE = 300.0
"""Seconds in which the functions must have recovered from a fault, however slow the machine; how long it took
is among the figures."""
HOLD = (2.0, 9.0)
"""For how long a fault lasts, in seconds."""
PAUSE = 10.0
"""Seconds between two looks of an operator for partitions that stand."""


@dataclass(frozen=True)
class Plan:
    """What is run. ``faults``: their names, in the order in which they strike, again and again."""

    seed: int
    seconds: float
    machines: int = 80
    speed: float = 300
    devices: str = DEVICES
    faults: Sequence[str] = tuple(FAULTS)
    beside: bool = True
    """Whether a second fault strikes together with each."""


@dataclass
class Course:
    """What happened. Times are seconds."""

    seed: int
    sent: int = 0
    faults: list[tuple[str, float, float]] = field(default_factory=list)
    """(names, how long it was held, time to recover)."""
    cleared: int = 0
    """Partitions that an operator cleared of messages that no trigger can bind."""
    verdict: dict[str, Any] = field(default_factory=dict)

    def recovery(self) -> dict[str, float]:
        """Median and longest time to recover, and the median of each kind of fault."""
        times = [time for _, _, time in self.faults]
        kinds: dict[str, list[float]] = {}
        for names, _, recovered in self.faults:
            kinds.setdefault(names.split("+")[0], []).append(recovered)
        found = {"median": median(times), "max": max(times)} if times else {}
        return found | {name: round(median(own), 1) for name, own in sorted(kinds.items())}

    def figures(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"faults": len(self.faults), "recovery": self.recovery()}


def run(plan: Plan, data: Path, say: Callable[[str], None]) -> Course:
    """Start everything, let it suffer, and judge. Raises AssertionError where a promise does not hold."""
    course = Course(plan.seed)
    with World(data, plan.seed, say) as world:
        fleet = describe_fleet(plan.machines, plan.seed, data / "fleet.json")
        with ExitStack() as environment:
            environment.enter_context(operator.at(world.environment))
            say(wired(import_fleet(fleet)))
            _suffer(plan, world, course)
            course.verdict = operator.judged(world)
    return course


def _suffer(plan: Plan, world: World, course: Course) -> None:
    words = ["--machines", str(plan.machines), "--seed", str(plan.seed), "--speed", str(plan.speed)]
    words += ["--faults", plan.devices]
    hub, connection = world.environment["TELEMETRY_HUB"], world.stack.eventhubs_connection
    order = world.random.sample(plan.faults, len(plan.faults))
    with Traffic(connection, hub, world.data, words, world.stack.guard) as traffic:
        begun = time.monotonic()
        while not course.faults or time.monotonic() - begun < plan.seconds:
            names = [order[len(course.faults) % len(order)]]
            if plan.beside:
                names.append(world.random.choice([name for name in BESIDE if name not in names]))
            held = _strike(names, world)
            recovered = _recovered(world, course)
            course.faults.append(("+".join(names), round(held, 1), round(recovered, 1)))
            world.say(
                f"{'+'.join(names)}: held {held:.1f} s, recovered in {recovered:.1f} s; {traffic.sent:,} sent"
            )
            if traffic.process.poll() is not None:
                raise RuntimeError(f"the simulator ended with code {traffic.process.returncode}")
    course.sent = traffic.sent


def _strike(names: Sequence[str], world: World) -> float:
    """Let the faults begin together, hold, and end; for how long they were held."""
    ends = [FAULTS[name](world) for name in names]
    held = world.random.uniform(*HOLD)
    time.sleep(held)
    for end in reversed(ends):
        end()
    world.whole()
    return held


def _recovered(world: World, course: Course) -> float:
    """Seconds until both functions have done what the hub holds now; partitions that stand are cleared."""
    operated = time.monotonic()

    def operate() -> None:
        nonlocal operated
        if time.monotonic() - operated > PAUSE:
            course.cleared += operator.cleared(world)
            operated = time.monotonic()

    return finished(world.environment, PATIENCE, operate, AWAY)
