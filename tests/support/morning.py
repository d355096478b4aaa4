"""A fleet on the morning after 1 March 2026, a Sunday: its days, its catalog, what is wrong with it."""

from datetime import datetime
from typing import Any

import msgspec

from tests.support import alerts as raised
from tests.support.fakes import FakeDocuments
from tests.support.sold_days import Sold, write_day
from vending.alerts.transitions import Finding
from vending.catalog.cache import CatalogCache
from vending.catalog.recipients import CatalogRecipients
from vending.documents.catalog import CatalogRecipient
from vending.errors import Rejected, Transient
from vending.mail import Mail
from vending.notifications.mailing import Mailing
from vending.ports import Mailer, Put
from vending.state.conditions import empty, put_entry
from vending.time import millis
from vending.views.stores import ViewStores
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

NOW = datetime.fromisoformat("2026-03-02T06:10:00+00:00")
DAY, BEFORE = "2026-03-01", "2026-02-22"
CATALOG = {
    "sites": [
        {"id": "station", "timeZone": "Europe/Berlin", "name": "Main Station", "route": "north"},
        {"id": "school", "timeZone": "Europe/Berlin", "name": "School <7>", "route": "south"},
        {"id": "pier", "timeZone": "America/Los_Angeles", "name": "Pier", "route": "west"},
    ],
    "machines": [
        {"id": "m1", "site": "station", "name": "Snacks"},
        {"id": "m2", "site": "station"},
        {"id": "m3", "site": "school", "name": "Drinks & more"},
        {"id": "m4", "site": "pier", "name": "Pier, left"},
    ],
}
SITES = {
    "m1": ("station", "north"),
    "m2": ("station", "north"),
    "m3": ("school", "south"),
    "m4": ("pier", "west"),
}
MIXED = {"vends": 2, "units": 3, "revenue": {"USD": 300, "JPY": 1200}, "failures": 1, "free": 2}


def empty_stores() -> ViewStores:
    """Nothing anywhere."""
    machines, conditions = FakeDocuments("machineId"), FakeDocuments("id")
    return ViewStores(
        machines, conditions, FakeDocuments("machineId"), FakeDocuments("scope"), FakeDocuments("kind")
    )


async def morning() -> ViewStores:
    """Three sites on three routes: m1 sells as ever, m2 nothing any more, m3 is new, m4 takes other money."""
    stores = empty_stores()
    await import_catalog(msgspec.convert(CATALOG, CatalogFile), stores.catalog)
    await sold(stores, DAY, {"m1": 40, "m3": 12}, m4=MIXED)
    await sold(stores, BEFORE, {"m1": 32, "m2": 30})
    await readings(stores)
    at = millis(NOW)
    await alert(stores, "m3", "cold-chain", "main", at - 3 * 3_600_000)
    await alert(stores, "m2", "silent", "machine", at - 20 * 3_600_000)
    for selection in ("21", "12", "4"):
        await alert(stores, "m1", "sold-out", selection, at - 60_000)
    await alert(stores, "m3", "sold-out", "1", at - 60_000)
    await alert(stores, "$hub", "lag", "ingest_telemetry", at - 600_000)
    return stores


async def sold(stores: ViewStores, day: str, units: dict[str, int], **figures: dict[str, Any]) -> None:
    """A day of some machines."""
    given = [Sold(machine, *_at(machine, count)) for machine, count in units.items()]
    given += [Sold(machine, *_at(machine, 0), figures=found) for machine, found in figures.items()]
    await write_day(day, given, stores.machines, stores.fleet)  # type: ignore[arg-type]


def _at(machine: str, units: int) -> tuple[str, int, str]:
    site, route = SITES[machine]
    return site, units, route


async def readings(stores: ViewStores) -> None:
    """m2 was last heard yesterday, m4 never; two machines state their tubes."""
    at = millis(NOW)
    document = empty("0", 0)
    tubes = [[[10, 40, False], [50, 20, True]]]
    seen = {"m1": at - 60_000, "m2": at - 20 * 3_600_000, "m3": at - 120_000}
    for machine, moment in seen.items():
        entry: dict[str, list[Any]] = {"seen": [1, 9, moment, "ntp"]}
        if machine != "m2":
            entry["cash"] = [1, 8, moment, *tubes]
        put_entry(document, machine, entry)
    await stores.conditions.write(document.id, [Put(document.dump())])


async def alert(stores: ViewStores, machine: str, rule: str, component: str, since: int) -> None:
    """An alert opens."""
    finding = Finding(machine, rule, component, (1,), True, since, {})
    await raised.find(stores.alerts, finding, since)  # type: ignore[arg-type]


def recipient(name: str, address: str, **more: Any) -> CatalogRecipient:
    """Of the catalog."""
    return CatalogRecipient(id=name, address=address, **more)


async def mailing(mailer: Mailer, stores: ViewStores, *recipients: CatalogRecipient) -> Mailing:
    """Mails for these recipients of the catalog; without any, for ops@example.org. It is UTC."""
    for one in recipients:
        if await stores.catalog.read(one.type, one.id) is None:
            await stores.catalog.write(one.type, [Put(one.dump())])
    known = CatalogCache(stores.catalog, "Etc/UTC")
    return Mailing(mailer, known, CatalogRecipients(stores.catalog), ("ops@example.org",))


class FakeMailer:
    """Keeps mails. ``faults``: what each of the next calls raises, None for nothing; then all are taken."""

    def __init__(self, *faults: Exception | None) -> None:
        self.mails: list[Mail] = []
        self.faults = list(faults)

    async def send(self, mail: Mail) -> None:
        """Take it, or fail."""
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        self.mails.append(mail)


AWAY = Transient("mail: away")
UNKNOWN = Rejected("mail", "status 550 no such mailbox")
