"""A machine at a moment: what it holds, what it told, and when each of its processes is due.

Times are model milliseconds since 1970 UTC.
"""

from typing import Any

from simulator.cash import Cash
from simulator.dice import Dice
from simulator.fleet import Machine

MINUTE = 60_000
Fact = tuple[str, dict[str, Any]]

PERSISTENT = (
    "due", "levels", "temperature", "cooled_at", "defrosting", "door", "visit", "mains", "faults", "locked",
    "vends", "visits", "warm_since", "firmware", "demand", "ambient",
    "unattended_until", "jammed", "markup", "denied", "prices", "meters",
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
        self.jammed = False
        """Whether the selection that sells best gives nothing out (scenarios)."""
        self.markup = 0
        """Minor units by which all prices are not those of the catalog (scenarios)."""
        self.denied: list[str] = []
        """Selections that a command locked."""
        self.prices: dict[str, int] = {}
        """Of a price list by command, instead of those that it was installed with."""
        self.meters: dict[str, list[int]] = {}
        """Selection → paid vends and minor units of all time, as the machine's own meters count."""
        self.ambient = 21.0
        self.unattended_until = 0
        """Before then nobody comes (scenarios)."""
        self.due = {"install": now + dice.between(0, 8 * MINUTE)}

    @property
    def next(self) -> int:
        """When the next process is due."""
        return min(self.due.values())

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
            setattr(self, name, raw.get(name, getattr(self, name)))
        self.dice.state = raw["dice"]
        self.cash = Cash.load(raw["cash"])


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
