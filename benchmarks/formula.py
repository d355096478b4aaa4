"""Request units an event, reckoned: what each function reads and writes, by the local server's own prices.

For fleets that are too large to be measured; ``benchmarks.whole`` says how far off it is for those that it
measures. Sizes of documents are those of a fleet that has lived for five hours of a day (KB, as JSON).
"""

from dataclasses import dataclass, field
from math import exp, sqrt
from typing import NamedTuple

from benchmarks.arrivals import START, window
from benchmarks.deployed import POLL
from benchmarks.schedules import minutes_between
from devstack.cosmos import charge
from vending.documents.days import BUCKETS
from vending.resources import INDEXED
from vending.rollups.shard import CHANGES_A_READ, LINES, READS

EVENTS_A_DAY = 300
LEDGER = 0.14
"""Of the events; each is a write of the stock document and a new page."""
SITES, ROUTE = 1 / 3, 1 / 18
"""Sites and routes for each machine."""
AREAS, REGIONS = 256, 16


class Kind(NamedTuple):
    """A document: its size, and the fields that it has of those that may be indexed."""

    kb: float
    container: str
    fields: tuple[str, ...]

    @property
    def terms(self) -> int:
        """Index terms of one."""
        return sum(name in self.fields for name in INDEXED[self.container])


STOCK = Kind(0.86, "machines", ("type", "machineId"))
PAGE = Kind(0.43, "machines", ("type", "machineId", "deviceId", "epoch", "first", "last", "from", "to"))
FIRST, DAY = (Kind(kb, "machines", ("type", "machineId", "date")) for kb in (0.65, 1.5))
"""A machine's day with its first sale, and when it closes."""
SITE_DAY = Kind(2.7, "fleet", ("type",))
ROUTE_DAY = Kind(9.0, "fleet", ("type",))
EARLY = 0.24
"""KB of a machine in its bucket, packed."""
REGISTERS = 0.105
"""KB of a machine in the conditions, packed."""
NEWS = 0.055
"""KB of what an event tells of its machine's registers, packed."""
MACHINES_A_DOCUMENT = 2_000
QUERIES = 17
"""Of a sweep; those that are point reads cost less."""
AGEING = 0.019
"""Of the machines, as measured: they have an alert that only time closes, and are read once an hour."""
ASKED = 0.25
"""Of the changed stocks, as measured: the others are known to agree with their alerts, or share a query."""
CHANGES_A_LINE = 2
"""A page and the stock document beside it."""
HABIT = 10.0
"""Request units a day: a machine's habit is read each day, and counted once a week of its last 28 days."""
STATE = 27.0
"""Request units of what a roll-up tick reads and writes of its own state, for each feed range."""


@dataclass(frozen=True)
class Load:
    """A fleet's machines, on so many partitions of the hub, in so many feed ranges."""

    machines: int
    partitions: int
    ranges: int
    ledger: float = LEDGER
    roll_up: float = field(default_factory=lambda: minutes_between("roll_up", START))
    """Minutes between two."""

    def events_in(self, minutes: float) -> float:
        """How many arrive."""
        return self.machines * EVENTS_A_DAY * minutes / 1440

    @property
    def batch(self) -> float:
        """Events of one batch of ingest."""
        most, seconds = window()
        return min(most, 1 + seconds / 60 * self.events_in(1) / self.partitions)


def units_per_event(load: Load) -> dict[str, float]:
    """Function → request units an event."""
    return {
        "ingest": load.ledger * (replace(STOCK) + insert(PAGE)) + _conditions(load),
        "machines_feed": _feed(load),
        "idle_polls": _idle_polls(load),
        "watch_machines": load.ledger * ASKED * charge.query(0) + charge.read(0) / load.batch,
        "roll_up": _roll_up(load),
        "close_days": _closing(load) / load.events_in(1440),
        "sweep": _sweep(load),
    }


def _conditions(load: Load) -> float:
    """Each batch replaces the partition's young document; after so many it is folded into the shards."""
    shards, told = _registers(load), NEWS * load.batch
    writes = max(1.0, sqrt(2 * sum(shard.kb for shard in shards) / told))
    young = Kind(told * writes / 2, "conditions", ("type",))
    return (replace(young) + sum(map(replace, shards)) / writes) / load.batch


def _registers(load: Load) -> list[Kind]:
    """The shards of a partition's conditions."""
    whole, rest = divmod(load.machines / load.partitions, MACHINES_A_DOCUMENT)
    sizes = [MACHINES_A_DOCUMENT] * int(whole) + [rest] * (rest > 0)
    return [Kind(REGISTERS * n, "conditions", ("type",)) for n in sizes]


def _feed(load: Load) -> float:
    """What changed, read once: a page of the feed for each batch, the machine days of the roll-up in it."""
    return _changed(load) + charge.QUERY_BASE * load.ranges / load.batch


def _idle_polls(load: Load) -> float:
    """What the host asks for in vain: the polls of a day, without those that end a reading."""
    polls = 86_400 / POLL / load.events_in(1440) - 1 / load.batch
    return max(0.0, polls) * load.ranges


def _sweep(load: Load) -> float:
    """All conditions by their ids; queries for open alerts, rollups and what is pending; stock and alerts of
    some machines."""
    conditions = load.partitions * sum(charge.read(round(kind.kb * charge.KB)) for kind in _registers(load))
    units = conditions + QUERIES * charge.query(0) * load.ranges
    ageing = AGEING * load.machines * (charge.query(0) + 2 * charge.read(0))
    return units / load.events_in(minutes_between("sweep", START)) + ageing / load.events_in(60)


def _roll_up(load: Load) -> float:
    """An invocation reads and replaces the buckets that it meets, and the fleet's two days. A machine's first
    sale has its day computed."""
    lines = load.ledger * load.events_in(load.roll_up)
    invocations = max(load.ranges, lines / min(LINES, READS * CHANGES_A_READ / CHANGES_A_LINE))
    buckets = _buckets(load)
    units = hit(buckets, lines / invocations) * update(_bucket(load.machines / buckets))
    units += sum(map(update, _early_days(buckets, load.machines / buckets)))
    first = charge.read(0) + charge.query(round(PAGE.kb * charge.KB)) + insert(FIRST)
    ticks = (invocations * units + load.ranges * STATE) / load.events_in(load.roll_up)
    return ticks + first / EVENTS_A_DAY + _changed(load)


def _buckets(load: Load) -> float:
    """Those that have a route."""
    return hit(BUCKETS, load.machines * ROUTE)


def _bucket(machines: float) -> Kind:
    return Kind(EARLY * machines, "fleet", ("type",))


def _early_days(buckets: float, machines: float) -> tuple[Kind, Kind]:
    """The fleet's two days while they are open: packed, for each bucket of so many machines."""
    each = min(0.14 * machines**0.26, 0.55), min(0.17 * machines**0.39, 1.3)
    without, products = (Kind(buckets * kb, "fleet", ("type",)) for kb in each)
    return without, products


def _closing(load: Load) -> float:
    """A day through the tree, bucket by bucket: its machines, and what is above them."""
    buckets, sites = _buckets(load), load.machines * SITES
    machines = load.machines / buckets
    areas = hit(AREAS, sites)
    pages = charge.query(round(load.ledger * EVENTS_A_DAY * PAGE.kb * charge.KB))
    units = machines * (update(DAY) + pages + HABIT)
    units += machines * (SITES * insert(SITE_DAY) + ROUTE * insert(ROUTE_DAY))
    near = hit(areas, machines * SITES)
    units += near * update(_area_day(sites / areas))
    units += hit(REGIONS, near) * update(_region_day(sites / areas, areas / REGIONS))
    units += sum(map(update, _fleet_days(sites / REGIONS))) + 2 * update(_bucket(machines))
    return buckets * units + (BUCKETS - buckets) * (insert(_bucket(0)) + 2 * charge.read(0))


def _area_day(sites: float) -> Kind:
    """An area's day has the figures of each site, with its hours and products."""
    return Kind(1.6 * sites, "fleet", ("type",))


def _region_day(sites: float, areas: float) -> Kind:
    """A region's day has those of each area; sites sell the same products in the same hours."""
    return Kind(areas * min(1.45 * sites**0.6, 5.6), "fleet", ("type",))


def _fleet_days(sites: float) -> tuple[Kind, Kind]:
    """The fleet's two days have those of each region, without the products and of them."""
    each = min(0.75 * sites**0.22, 2.0), min(1.2 * sites**0.4, 5.6)
    without, products = (Kind(REGIONS * kb, "fleet", ("type",)) for kb in each)
    return without, products


def _changed(load: Load) -> float:
    """What an event changes in the containers of machines is read once: a query costs a unit for each KB."""
    return load.ledger * (STOCK.kb + PAGE.kb) + (FIRST.kb + DAY.kb) / EVENTS_A_DAY


def hit(boxes: float, balls: float) -> float:
    """How many of the boxes have a ball, of so many thrown at random."""
    return boxes * (1 - exp(-balls / boxes))


def insert(kind: Kind) -> float:
    """A new document."""
    return charge.insert(round(kind.kb * charge.KB), kind.terms)


def replace(kind: Kind) -> float:
    """One that is replaced."""
    return charge.replace(round(kind.kb * charge.KB), kind.terms)


def update(kind: Kind) -> float:
    """One that is read and replaced."""
    return charge.read(round(kind.kb * charge.KB)) + replace(kind)
