"""What no ordinary device does and no reader may fall over: too much of something.

These faults are sent only where they are named, by one machine in ten each (so a fleet of ten has them all),
and without drawing from anybody else's dice: the fleet is otherwise the one that it is without them.
"""

from typing import Any, Protocol

from simulator.demand import HOUR
from simulator.device import Device, encode
from simulator.dice import Dice
from simulator.link import Delivery, Due
from simulator.machine import Model

FAULTS = {
    "many-products": "every sale of a machine is of a product that nobody ever heard of",
    "thousand-holes": "a device uploads a backlog of which its storage lost every other counted event",
    "wide-registers": "a device tells of ever new temperature zones and fault codes",
    "invented-machines": "a credential that says no machine names machines that do not exist",
    "control-characters": "bodies of a megabyte of control characters",
}
IN_TEN = {name: place for place, name in enumerate(FAULTS)}
HOLES, ZONES, CODES, INVENTED = 1_100, 20, 50, 60
"""Of one burst: lost numbers, temperature zones, fault codes, machines."""
LONG = 1_000_000
"""Bytes of a body of control characters; Event Hubs takes messages of 1 MB."""
OFTEN = 0.02
"""The share of a machine's events that is followed by such a body."""


class Struck(Protocol):
    """Whom it befalls: a machine with its device (:class:`simulator.unit.Unit`)."""

    number: int
    model: Model
    device: Device
    lost: int

    def told(self, now: int) -> list[Due]:
        """What goes out for the facts that the machine told."""


class Extremes:
    """What one machine does of all this, and when. Times are model milliseconds."""

    def __init__(self, seed: int, number: int, faults: frozenset[str]) -> None:
        self.does = {name for name in faults & FAULTS.keys() if IN_TEN[name] == number % 10}
        self.dice = Dice.of(seed, "extremes", number)

    def first(self, now: int) -> dict[str, int]:
        """When each burst strikes: once in a machine's life, within hours."""
        return {name: now + self.dice.between(HOUR, 4 * HOUR) for name in BURSTS if name in self.does}

    def completed(self, name: str, data: dict[str, Any]) -> dict[str, Any]:
        """An event's data, of another product where the machine sells too many."""
        if "many-products" not in self.does or name != "vend.completed":
            return data
        return data | {"sku": f"{self.dice.word():016x}" * 4}

    def behind(self, unit: Struck) -> list[Delivery]:
        """What travels right behind an event: a body twelve times as long where it is kept as JSON text."""
        if "control-characters" not in self.does or not self.dice.chance(OFTEN):
            return []
        return [Delivery(unit.number, unit.device.id, b"\x01" * LONG, "poison", "oversize")]


def thousand_holes(unit: Struck, now: int) -> list[Due]:
    """A backlog of which every other counted event is lost."""
    slot = unit.model.spec.slots[0]
    dues: list[Due] = []
    for number in range(HOLES):
        unit.device.ledger += 1
        unit.lost += 1
        data = {
            "vendId": f"{unit.model.spec.id}-x{number:07d}", "selection": slot.selection, "reason": "denied",
            "priceMinor": slot.price, "currency": unit.model.spec.site.currency,
        }  # fmt: skip
        unit.model.tell("vend.failed", data)
        dues += unit.told(now)
    return dues


def wide_registers(unit: Struck, now: int) -> list[Due]:
    """Zones and fault codes without end; the faults end at once, so that their alerts can."""
    for zone in range(ZONES):
        unit.model.tell("temperature", {"zone": f"zone-{zone}", "celsius": 3.5})
    for name in ("fault.raised", "fault.cleared"):
        for code in range(CODES):
            unit.model.tell(name, {"component": f"part-{code}", "code": f"X{code}", "codeSystem": "vendor"})
    return unit.told(now)


def invented_machines(unit: Struck, now: int) -> list[Due]:
    """Signs of life of machines that do not exist, by a publisher whose name is only a device's."""
    thief = f"{unit.device.id}-inventor"
    dues = []
    for number in range(1, INVENTED + 1):
        event = {
            "specversion": "1.0", "id": f"1-{number:012d}", "source": f"/devices/{thief}",
            "type": "io.vendstream.device.heartbeat.v1", "subject": f"machines/{thief}-{number}",
            "deviceepoch": 1, "sequence": number, "clocksync": "none",
            "data": {"uptimeS": number, "firmware": "1.0.0", "queueDepth": 0},
        }  # fmt: skip
        delivery = Delivery(unit.number, thief, encode(event), "invented", publisher=thief)
        dues.append((now + number, delivery))
    return dues


BURSTS = {
    "thousand-holes": thousand_holes,
    "wide-registers": wide_registers,
    "invented-machines": invented_machines,
}
