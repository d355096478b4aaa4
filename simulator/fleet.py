"""The fleet: sites and machines as functions of the seed and a number, so that none has to be kept."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from simulator.dice import Dice
from simulator.products import ARCHETYPES, PRODUCTS, SHARES, Archetype, Product

MACHINES_PER_SITE = 3
SITES_PER_ROUTE = 6

ZONES = (
    ("Europe/Berlin", "EUR", 1.0, ("Berlin", "Hamburg", "Leipzig", "Munich")),
    ("Europe/Lisbon", "EUR", 0.8, ("Lisbon", "Porto", "Braga")),
    ("Europe/Helsinki", "EUR", 1.2, ("Helsinki", "Turku", "Tampere")),
    ("Europe/London", "GBP", 0.9, ("London", "Leeds", "Bristol")),
    ("America/New_York", "USD", 1.1, ("Newark", "Albany", "Boston")),
)
"""Time zone, currency, price level, towns."""
ZONE_SHARES = (0.5, 0.15, 0.1, 0.15, 0.1)
KINDS = ("office", "station", "hospital", "school", "factory", "gym")
PLACES = {
    "office": ("Business Park", "Town Hall", "Insurance Tower", "Media Centre"),
    "station": ("Central Station", "Airport Hall", "Ferry Terminal", "Bus Station"),
    "hospital": ("General Hospital", "Clinic", "Children's Hospital"),
    "school": ("Grammar School", "University Library", "College"),
    "factory": ("Assembly Plant", "Logistics Centre", "Steelworks"),
    "gym": ("Sports Centre", "Climbing Hall", "Swimming Pool"),
}


@dataclass(frozen=True, slots=True)
class Site:
    """A place with machines."""

    id: str
    name: str
    zone: str
    route: str
    kind: str
    currency: str
    price_level: float


@dataclass(frozen=True, slots=True)
class Slot:
    """A selection of a machine. ``popularity`` is a Zipf weight."""

    selection: str
    product: Product
    price: int
    capacity: int
    par: int
    popularity: float


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as it was installed. ``says_level``: its vends carry the level of the slot afterwards."""

    id: str
    name: str
    device: str
    site: Site
    archetype: Archetype
    slots: tuple[Slot, ...]
    vends_per_day: float
    says_level: bool
    clock: str


@dataclass(frozen=True)
class Fleet:
    """So many machines of the fleet that ``seed`` names; a larger one begins with the same machines."""

    seed: int
    machines: int
    prefix: str = ""
    """Begins every id, so that several fleets can try one backend."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"([a-z0-9][a-z0-9-]{0,15})?", self.prefix):
            raise ValueError(f"prefix {self.prefix!r}: at most 16 of a-z, 0-9 and -, a letter or digit first")

    def site(self, number: int) -> Site:
        """The site of that number, from 0."""
        found = _site(self.seed, number)
        return replace(found, id=self.prefix + found.id) if self.prefix else found

    def id(self, number: int) -> str:
        """The id of a machine."""
        return f"{self.prefix}vm-{number + 1:05d}"

    def device(self, number: int, board: int = 0) -> str:
        """The id of the gateway in a machine; a board that was swapped in later has another."""
        return f"{self.prefix}dev-{number + 1:05d}" + (f"-b{board}" if board else "")

    def machine(self, number: int) -> Machine:
        """The machine of that number, from 0."""
        if not 0 <= number < self.machines:
            raise IndexError(f"machine {number} of a fleet of {self.machines}")
        return _machine(self, number)

    @property
    def sites(self) -> list[Site]:
        """All sites."""
        return [self.site(number) for number in range(-(-self.machines // MACHINES_PER_SITE))]

    def describe(self) -> dict[str, Any]:
        """The fleet as an operator's catalog: sites, machines, products, planograms."""
        machines = [self.machine(number) for number in range(self.machines)]
        return {
            "sites": [{"id": x.id, "name": x.name, "timeZone": x.zone, "route": x.route} for x in self.sites],
            "machines": [
                {"id": x.id, "name": x.name, "site": x.site.id, "device": x.device} for x in machines
            ],
            "products": [{"sku": x.sku, "name": x.name, "category": x.category} for x in PRODUCTS],
            "planograms": [{"machine": x.id, "slots": _planogram(x)} for x in machines],
        }


def _planogram(machine: Machine) -> dict[str, dict[str, Any]]:
    return {
        slot.selection: {"sku": slot.product.sku, "priceMinor": slot.price, "currency": machine.site.currency}
        | ({"capacity": slot.capacity, "par": slot.par} if machine.archetype.counted else {})
        for slot in machine.slots
    }


@lru_cache(maxsize=4096)
def _site(seed: int, number: int) -> Site:
    dice = Dice.of(seed, "site", number)
    zone, currency, level, towns = ZONES[dice.weighted(ZONE_SHARES)]
    kind = dice.pick(KINDS)
    name = f"{dice.pick(towns)} {dice.pick(PLACES[kind])} {number + 1}"
    route = f"route-{number // SITES_PER_ROUTE + 1:02d}"
    return Site(f"site-{number + 1:04d}", name, zone, route, kind, currency, level)


def _machine(fleet: Fleet, number: int) -> Machine:
    dice = Dice.of(fleet.seed, "machine", number)
    site = fleet.site(number // MACHINES_PER_SITE)
    archetype = ARCHETYPES[dice.weighted(SHARES)]
    return Machine(
        id=fleet.id(number),
        name=f"{site.name}, {archetype.label}",
        device=fleet.device(number),
        site=site,
        archetype=archetype,
        slots=_slots(dice, site, archetype),
        vends_per_day=dice.uniform(*archetype.vends_per_day),
        says_level=archetype.counted and dice.chance(0.4),
        clock=("ntp", "rtc", "none")[dice.weighted((0.85, 0.12, 0.03))],
    )


def _slots(dice: Dice, site: Site, archetype: Archetype) -> tuple[Slot, ...]:
    ranks = sorted(archetype.assortment, key=lambda _: dice.random())
    slots = []
    for index in range(archetype.selections):
        product = ranks[index % len(ranks)]
        capacity = dice.between(*archetype.capacity)
        price = max(50, round(product.price * site.price_level / 10) * 10)
        selection = f"{chr(65 + index // 8)}{index % 8 + 1}"
        popularity = 1 / (1 + index % len(ranks))
        slots.append(Slot(selection, product, price, capacity, round(capacity * 0.9), popularity))
    return tuple(slots)
