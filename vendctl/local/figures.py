"""What the app has, read from its stores: the live screen's right-hand side."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from vendctl.hub import behind
from vending import wiring
from vending.documents.stock import MachineStock
from vending.ingest.stored_conditions import readable_of_fleet
from vending.readable import readable


@dataclass
class Figures:
    """Totals of the whole fleet."""

    machines: int = 0
    vends: int = 0
    units: int = 0
    revenue: Counter[str] = field(default_factory=Counter)
    dead_letters: int = 0
    open_alerts: int = 0
    behind: dict[str, int] = field(default_factory=dict)


async def read(environment: Mapping[str, str]) -> Figures:
    """The figures of this moment."""
    figures = Figures(behind=await behind(environment))
    seen = set(await readable_of_fleet(wiring.conditions()))
    async for stored in wiring.machines().select(None, ("id", "=", "stock")):
        seen.add(stored.body["machineId"])
        if not (stock := readable(stored.body, MachineStock)):
            continue
        figures.vends += stock.total("vends")
        figures.units += stock.total("units")
        figures.revenue.update(stock.revenue)
    figures.machines = len(seen)
    async for name in wiring.deadletters().names():
        if name.endswith(".jsonl"):
            figures.dead_letters += (await wiring.deadletters().read(name)).count(b"\n")
    async for _ in wiring.alerts().select(None, ("type", "=", "alert"), ("state", "=", "open")):
        figures.open_alerts += 1
    return figures
