"""A fleet of any size, as its documents, for what a request costs.

Each machine has 40 slots and one of ten a selection that is sold out; ten machines stand at a site, three
sites are a route. Today and yesterday are open days, of which nothing less was sold than of others. Documents
that only differ in their names are made when they are read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from tests.support.charged import Charged
from tests.support.fakes import FakeDocuments
from vending.adapters.packing import PackedDocuments
from vending.documents.days import BUCKETS, Early
from vending.documents.rollup_state import OpenDay, OpenDays
from vending.packed import pack
from vending.ports import Stored
from vending.rollups import breakdowns, buckets
from vending.rollups.current_days import CurrentDays
from vending.state import conditions
from vending.time import millis
from vending.views.stores import ViewStores

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
PARTITIONS = 32
SLOTS = [f"{row}{column}" for row in "ABCDE" for column in range(1, 9)]
AT = millis(NOW)
OPEN = ("day:2026-03-01", "day:2026-03-02")
Make = Callable[[str, str], dict[str, Any] | None]


class Made(FakeDocuments):
    """A container some of whose documents are made when they are read, by partition key and id."""

    def __init__(self, key_field: str, make: Make) -> None:
        super().__init__(key_field)
        self.make = make

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002
        made = self.make(key, id)
        return Stored(made, "1") if made else await super().read(key, id)


def machine(number: int) -> str:
    """Its id."""
    return f"vm-{number:06d}"


@dataclass
class Fleet:
    """The documents, and a process that looks at them for the first time."""

    machines: int
    ranges: int
    """Physical ranges of each container."""
    stock: FakeDocuments = field(default_factory=lambda: Made("machineId", _day))
    conditions: FakeDocuments = field(default_factory=lambda: FakeDocuments("id"))
    alerts: FakeDocuments = field(default_factory=lambda: FakeDocuments("machineId"))
    fleet: FakeDocuments = field(init=False)
    catalog: FakeDocuments = field(default_factory=lambda: Made("kind", _planogram))

    def __post_init__(self) -> None:
        self.fleet = Made("scope", lambda key, day: _summary(key, day) or _bucket(key, day, self.machines))
        self.fleet.put(OpenDays(days=[OpenDay(day[4:], AT + 1) for day in OPEN]).dump())
        for number in range(self.machines):
            self.stock.put(_stock(machine(number)))
            self.catalog.put(_catalog_machine(number))
            if number % 10 == 0:
                self.alerts.put(_sold_out(number))
                self.catalog.put(_site(number // 10))
        for number in range(len(SLOTS)):
            self.catalog.put(_entry("product", f"P-{number:03d}", category="snacks", caseSize=6))
        self.catalog.put({"id": "version", "kind": "version", "type": "version", "schema": 1, "number": 1})
        for body in self._packed():
            self.conditions.put(body)
        held = {
            "machines": self.stock, "conditions": self.conditions, "alerts": self.alerts,
            "fleet": self.fleet, "catalog": self.catalog,
        }  # fmt: skip
        self._charged = {name: Charged(one, name, self.ranges) for name, one in held.items()}

    def hear(self) -> None:
        """Every machine sends something: each conditions document has another version."""
        for body in [body for _, body in self.conditions.items.values()]:
            self.conditions.put(body)
        self._charged["conditions"].forget()

    def _packed(self) -> Iterator[dict[str, Any]]:
        share = -(-self.machines // PARTITIONS)
        for partition in range(PARTITIONS):
            held = [machine(number) for number in range(partition, self.machines, PARTITIONS)]
            for shard in range(-(-share // conditions.MACHINES_PER_DOCUMENT)):
                document = conditions.empty(str(partition), shard)
                first = shard * conditions.MACHINES_PER_DOCUMENT
                for name in held[first : first + conditions.MACHINES_PER_DOCUMENT]:
                    document.machines[name] = _registers(int(name[3:]))
                body = document.dump()
                yield body | {"machines": pack(body["machines"])}

    def stores(self) -> ViewStores:
        """As an instance that has just started reads them."""
        packed = PackedDocuments(self._charged["conditions"], "machines")
        return ViewStores(conditions=packed, alerts=self._charged["alerts"], **self.days())

    def days(self) -> dict[str, Any]:
        """Where days are read, without what was remembered of them, and the catalog."""
        fleet, catalog = PackedDocuments(self._charged["fleet"], "early"), self._charged["catalog"]
        current = partial(CurrentDays, fleet=fleet, catalog=catalog, clock=lambda: NOW)
        return {"machines": current(self._charged["machines"]), "fleet": current(fleet), "catalog": catalog}


def _registers(number: int) -> dict[str, list[Any]]:
    at = AT - number % 280_000
    return {
        "seen": [3, 91_000 + number, at, "ntp"],
        "temp:main": [3, 90_990 + number, at - 61_000, 3.5 + number % 7 / 10],
        "good:main": [3, 90_990 + number, at - 61_000, 3.5 + number % 7 / 10],
        "door": [3, 90_100 + number, at - 7_000_000, False],
        "heartbeat": [3, 90_999 + number, at - 30_000, 864_000, "4.2.1", 0, -71],
    }


def _entry(kind: str, name: str, **facts: Any) -> dict[str, Any]:
    own = {"id": name, "kind": kind, "type": kind, "schema": 1, "name": f"{name} by its name"}
    return own | {"version": 1, "affects": []} | facts


def _catalog_machine(number: int) -> dict[str, Any]:
    site, _ = _place(number)
    return _entry("machine", machine(number), site=site, placements=[["", site]])


def _site(number: int) -> dict[str, Any]:
    site, route = _place(number * 10)
    return _entry("site", site, timeZone="Europe/Berlin", route=route)


_SLOT = [[3, 90_000, 10], [3, 80_000, 12], [[3, 90_300, 301, 299, 305]]]
_TOTALS = {"vends": 9_120, "units": 9_200, "free": 3, "failures": 41, "restocks": 88, "collections": 21}
_STOCK: dict[str, Any] = {
    "id": "stock", "type": "stock", "schema": 4, "rev": 9_500, "applied": {"dev-000017/3": [[1, 9_512]]},
    "closed": {}, "delivered": {"g1/17": [880_000, 880_000]}, "slots": dict.fromkeys(SLOTS, _SLOT),
    "totals": _TOTALS | {"revenue": {"EUR": 1_561_200}},
    "last": {kind: [3, 90_999, AT] for kind in ("vend", "failure", "restock", "collection")},
    "till": {"cash": [[3, 355, "EUR", 4_210]]},
}  # fmt: skip


def _stock(name: str) -> dict[str, Any]:
    return _STOCK | {"machineId": name}


def _figures() -> dict[str, Any]:
    """Of a machine's day: 8 KB, with what each of 40 selections sold."""
    sold = {"vends": 2, "units": 2, "revenue": {"EUR": 440}, "tax": {"EUR": 70}}
    return {"vends": 80, "units": 80, "revenue": {"EUR": 17_600}, "tax": {"EUR": 2_800}} | {
        "hours": dict.fromkeys((f"{hour:02d}" for hour in range(8, 20)), sold),
        "payments": dict.fromkeys(("cash", "cashless"), sold),
        "skus": {f"P-{number:03d}": sold for number in range(len(SLOTS))},
        "selections": dict.fromkeys(SLOTS, sold),
    }


def _day(name: str, id: str) -> dict[str, Any] | None:  # noqa: A002
    """A machine day."""
    if not id.startswith("day:"):
        return None
    own = {
        "id": id, "machineId": name, "type": "day", "schema": 3, "date": id[4:], "rev": 9, "sites": ["s"],
        "figures": _figures(), "window": [AT, AT], "pages": 3, "catalogVersion": 1, "version": 3,
    }  # fmt: skip
    if id not in OPEN:
        return own
    site, route = _place(int(name[3:]))
    return own | {"site": site, "route": route, "buckets": [buckets.bucket_of(site, route)]}


def _summary(scope: str, id: str) -> dict[str, Any] | None:  # noqa: A002
    """A day of the fleet, or of its products: 16 regions, or the buckets while it is open."""
    if scope not in ("fleet", "products"):
        return None
    kind = {"fleet": "fleetDay", "products": "productsDay"}[scope]
    figures = _figures()
    told = {name: figures[name] for name in ("vends", "units", "revenue", "hours", "payments")}
    sold = {"skus": figures["skus"]} if scope == "products" else told
    own = {"id": id, "scope": scope, "type": kind, "schema": 3, "date": id[4:], "rev": 9}
    if id in OPEN:
        each = {f"{bucket:02d}": [9, _uneven(sold, bucket)] for bucket in range(BUCKETS)}
        return own | {"children": {}, "early": pack(each)}
    return own | {"children": {f"{region:x}": [9, sold] for region in range(16)}}


@cache
def _bucket(scope: str, id: str, machines: int) -> dict[str, Any] | None:  # noqa: A002
    """A bucket of an open day, as large as it may be."""
    level, _, name = scope.partition(":")
    if level != "early" or id not in OPEN:
        return None
    bucket = buckets.empty(int(name), id[4:])
    counted = {"dev-000017/3": [[1, 80]]}
    for number in range(machines):
        site, route = _place(number)
        if buckets.bucket_of(site, route) == int(name):
            figures = _uneven(_figures(), number)
            bucket.early[machine(number)] = Early(1, 0, 9, "a1b2c3d4e5f6", site, route, figures, counted)
    breakdowns.narrow_bucket(bucket)
    body = bucket.dump()
    return body | {"early": pack(body["early"])}


def _uneven(figures: Any, seed: int) -> Any:
    """Figures of that shape, each number another one: what does not repeat itself is packed less well."""
    if isinstance(figures, dict):
        return {name: _uneven(value, seed * 31 + n) for n, (name, value) in enumerate(figures.items())}
    return figures + seed * 2_654_435_761 % (figures + 1)


def _place(number: int) -> tuple[str, str]:
    """A machine's site and its route."""
    return f"site-{number // 10:05d}", f"route-{number // 30:05d}"


def _planogram(kind: str, name: str) -> dict[str, Any] | None:
    if kind != "planogram":
        return None
    facts = {"capacity": 12, "par": 10, "priceMinor": 220, "currency": "EUR"}
    slots = {selection: {"sku": f"P-{number:03d}"} | facts for number, selection in enumerate(SLOTS)}
    return _entry("planogram", name, editions=[{"since": "", "slots": slots}])


def _sold_out(number: int) -> dict[str, Any]:
    """An alert that is told, and nobody did anything about."""
    since = AT - timedelta(minutes=number % 3_000) // timedelta(milliseconds=1)
    detail = {"onHand": 0, "capacity": 12}
    return {
        "id": "current:sold-out:A1", "machineId": machine(number), "type": "alert", "schema": 1,
        "rule": "sold-out", "component": "A1", "episode": 4, "outbox": [], "state": "open", "since": since,
        "judged": [9_500], "detail": detail, "pending": False, "dueAt": since + 3_600_000,
    }  # fmt: skip
