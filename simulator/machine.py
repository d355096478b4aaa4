"""A machine over time: processes that fall due, each telling what happened.

Times are model milliseconds since 1970 UTC. A process is a function ``(machine, now) -> None`` that tells
facts and says when it is due again; which facts reach whom is the device's affair (:mod:`simulator.device`).
"""

from collections.abc import Callable
from typing import Any

from simulator import climate, mishaps, selling, visiting
from simulator.cash import Cash
from simulator.demand import HOUR
from simulator.dice import Dice
from simulator.fleet import Machine

MINUTE = 60_000
Fact = tuple[str, dict[str, Any]]

PROCESSES: dict[str, Callable[["Model", int], None]] = {
    "install": visiting.install,
    "vend": selling.vend,
    "quiet": selling.await_buyer,
    "levels": visiting.report_levels,
    "temperature": climate.sample,
    "defrost": climate.defrost,
    "cash": visiting.report_cash,
    "visit": visiting.arrive,
    "fill": visiting.fill,
    "leave": visiting.leave,
    "fault": mishaps.raise_fault,
    "repaired": mishaps.clear_fault,
    "outage": mishaps.lose_power,
    "mains": mishaps.regain_power,
    "restart": mishaps.restart,
    "heartbeat": mishaps.heartbeat,
}
PERSISTENT = (
    "due", "levels", "temperature", "cooled_at", "defrosting", "door", "visit", "mains", "faults", "locked",
    "vends", "visits", "warm_since", "firmware", "demand", "ambient",
    "unattended_until",
)  # fmt: skip


class Model:
    """What a machine is at a moment."""

    def __init__(self, spec: Machine, dice: Dice, now: int) -> None:
        self.spec = spec
        self.dice = dice
        self.facts: list[Fact] = []
        self.cash = Cash.filled(spec.site.currency, dice)
        self.levels = _levels(spec, dice)
        """Units per selection, or percent per cartridge."""
        self.temperature = dice.uniform(2.5, 4.0)
        self.cooled_at = now
        self.defrosting = False
        self.door = 0
        """Since when the door is open; 0 when it is closed."""
        self.visit: list[str] | None = None
        self.mains = True
        self.faults: list[str] = []
        self.locked = False
        self.warm_since = 0
        self.vends = self.visits = 0
        self.firmware = dice.between(1, 3)
        self.demand = 1.0
        """How many times as many buyers as usual (scenarios)."""
        self.ambient = 21.0
        self.unattended_until = 0
        """Before then nobody comes (scenarios)."""
        self.due = {"install": now + dice.between(0, 8 * MINUTE)}

    @property
    def next(self) -> int:
        """When the next process is due."""
        return min(self.due.values())

    def step(self) -> tuple[int, list[Fact]]:
        """Run the process that is due first: its time, and what it told."""
        now, process = min((at, process) for process, at in self.due.items())
        del self.due[process]
        PROCESSES[process](self, now)
        told, self.facts = self.facts, []
        return now, told

    def tell(self, name: str, data: dict[str, Any]) -> None:
        """Something happened."""
        self.facts.append((name, data))

    def again(self, process: str, at: int) -> None:
        """Have a process fall due."""
        self.due[process] = at

    def sooner(self, process: str, at: int) -> None:
        """Have a process fall due at the latest then."""
        self.due[process] = min(at, self.due.get(process, at))

    def dump(self) -> dict[str, Any]:
        """For a state file."""
        own = {name: getattr(self, name) for name in PERSISTENT}
        return own | {"dice": self.dice.state, "cash": self.cash.dump()}

    def restore(self, raw: dict[str, Any]) -> None:
        """Take over what :meth:`dump` gave."""
        for name in PERSISTENT:
            setattr(self, name, raw[name])
        self.dice.state = raw["dice"]
        self.cash = Cash.load(raw["cash"])


def start_processes(model: Model, now: int) -> None:
    """Once a machine is installed: everything that goes on for ever."""
    dice = model.dice
    model.again("vend", now + 1)
    model.again("heartbeat", now + dice.between(0, 15 * MINUTE))
    model.again("cash", now + dice.between(0, 6 * HOUR))
    model.again("visit", now + dice.between(4 * HOUR, 60 * HOUR))
    model.again("fault", now + dice.wait(3 * 24 * HOUR))
    model.again("outage", now + dice.wait(30 * 24 * HOUR))
    model.again("restart", now + dice.wait(12 * 24 * HOUR))
    if model.spec.archetype.zone is not None:
        model.again("temperature", now + dice.between(0, 10 * MINUTE))
        model.again("defrost", now + dice.between(HOUR, 8 * HOUR))
    if not model.spec.archetype.counted:
        model.again("levels", now + dice.between(HOUR, 4 * HOUR))


def _levels(spec: Machine, dice: Dice) -> dict[str, int]:
    if not spec.archetype.counted:
        return {cartridge: dice.between(40, 100) for cartridge in spec.archetype.cartridges}
    # A fleet is never all full: a few slots are empty, or nearly so.
    return {
        slot.selection: dice.between(0, 3)
        if dice.chance(0.03)
        else dice.between(slot.capacity // 3, slot.capacity)
        for slot in spec.slots
    }
