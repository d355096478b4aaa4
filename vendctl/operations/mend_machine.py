"""A machine's stored documents are brought to what is honest: stock, ledger, readings, days and alerts.

The machine is in quarantine meanwhile, so nobody else writes of it; what others write beside it is kept, by
If-Match. Each step looks at what is stored and changes what differs, so a run that died is finished by the
next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from msgspec.structs import replace

from vendctl.operations.honest_machine import Honest, Lines, visit_records
from vending.alerts import rules, transitions
from vending.alerts.held import HeldAlert, select
from vending.alerts.raise_alerts import AlertChange
from vending.alerts.rules.evidence import Registers, Stock
from vending.documents.alerts import Alert
from vending.documents.base import load
from vending.documents.conditions import Conditions, Entry
from vending.documents.pages import LedgerPage
from vending.documents.stock import MachineStock
from vending.errors import Conflict, Transient
from vending.ingest.exclusions import Scope
from vending.ingest.stored_conditions import ids, of_fleet
from vending.ports import Documents, Erasable, Put, Stored, beginning
from vending.retry import retry_on_conflict
from vending.rollups.due import SECOND_PASS_AFTER, Due, note
from vending.rollups.timer import RollUpStores
from vending.state import conditions, ledger, stock
from vending.time import millis

ROUNDS = 100
"""A conditions document is written by ingest all the time."""
PAGES_AT_ONCE = 8


@dataclass(frozen=True)
class MendStores:
    """Where a machine's documents are."""

    machines: Erasable
    conditions: Documents
    alerts: Documents
    rollups: RollUpStores


@dataclass
class Mended:
    """What was changed, or would be."""

    away: int = 0
    """Ledger lines that were taken away."""
    strays: int = 0
    """Those of them that nobody wants forgotten: the archive lacks their events."""
    back: int = 0
    """Ledger lines that count now: they had been refused on account of what is forgotten."""
    units: int = 0
    """Units sold, the difference."""
    revenue: dict[str, int] = field(default_factory=dict)
    """Minor units by currency, the difference."""
    registers: int = 0
    """Readings that change or go."""
    visits: int = 0
    """Records of visits that change, go or come."""
    alerts: int = 0
    """Alerts that are closed."""
    left: bool = True
    """Whether anything is known of the machine afterwards."""

    @property
    def any(self) -> bool:
        """Whether anything changes."""
        sold = self.away or self.back or self.units or self.revenue
        return bool(sold or self.registers or self.visits or self.alerts)


@dataclass(frozen=True)
class Pages:
    """The ledger pages of a machine: what stays, what goes, and what comes."""

    gone: list[Stored]
    new: list[LedgerPage]
    away: list[tuple[str, int, int]]
    """Lines that go: (device, epoch, number)."""
    back: int


async def mend(machine: str, honest: Honest, stores: MendStores, version: int, now: datetime) -> None:
    """Bring everything in line; ``version``: of the exclusions that it was judged by. Raises Transient."""
    await mend_ledger(machine, honest, stores, version, now)
    await mend_conditions({machine: honest.entry}, stores.conditions, version)
    await mend_visits(machine, honest, stores.machines)
    await withdraw_alerts(machine, honest, stores, now)


async def mend_ledger(machine: str, honest: Honest, stores: MendStores, version: int, now: datetime) -> None:
    """Stock, ledger pages, and the days that follow from them."""
    await _mend_stock(machine, honest, stores.machines, version)
    await _mend_pages(machine, await _pages(machine, honest.lines, stores.machines), stores.machines)
    await _mend_days(machine, stores, now)


async def plan(
    machine: str, honest: Honest, stores: MendStores, scopes: Sequence[Scope], now: datetime
) -> Mended:
    """What :func:`mend` would change; nothing is written. ``scopes``: what is to be forgotten."""
    held = await stores.machines.read(machine, "stock")
    before = load(held.body, MachineStock) if held else stock.empty(machine)
    after = honest.stock or stock.empty(machine)
    money = {
        currency: after.revenue.get(currency, 0) - before.revenue.get(currency, 0)
        for currency in sorted({*before.revenue, *after.revenue})
    }
    pages = await _pages(machine, honest.lines, stores.machines)
    entry = (await of_fleet(stores.conditions)).get(machine, {})
    stale = await _stale_alerts(machine, honest, stores.alerts, now)
    return Mended(
        away=len(pages.away),
        strays=sum(not any(x.covers(device, epoch) for x in scopes) for device, epoch, _ in pages.away),
        back=pages.back,
        units=after.total("units") - before.total("units"),
        revenue={currency: minor for currency, minor in money.items() if minor},
        registers=sum(entry.get(name) != honest.entry.get(name) for name in {*entry, *honest.entry}),
        visits=len(await _stale_visits(machine, honest, stores.machines)),
        alerts=sum(one.document.state == "open" for one in stale),
        left=bool(honest.stock or honest.entry),
    )


async def _mend_stock(machine: str, honest: Honest, machines: Documents, version: int) -> None:
    """Replace the stock. Where nothing is left an empty one stays: its ``rev`` must only grow, and it tells a
    batch that was begun before that it was judged by an older list."""

    async def attempt() -> None:
        held = await machines.read(machine, "stock")
        if held is None and honest.stock is None:
            return
        before = load(held.body, MachineStock) if held else stock.empty(machine)
        after = replace(honest.stock or stock.empty(machine), rev=before.rev, exclusions=version)
        if held and held.body == after.dump():
            return
        after.rev += 1
        await machines.write(machine, [Put(after.dump(), held.etag if held else None)])

    await retry_on_conflict(f"the stock of {machine} (is the machine in quarantine?)", attempt, ROUNDS)


async def _pages(machine: str, lines: Lines, machines: Documents) -> Pages:
    """A page of which every line stays is kept as it is; the lines of the others that stay get new pages."""
    gone: list[Stored] = []
    away: list[tuple[str, int, int]] = []
    loose, held = dict(lines), 0
    async for stored in machines.select(machine, *beginning("page:")):
        page = load(stored.body, LedgerPage)
        numbers = [(page.device_id, page.epoch, line["ledger"]) for line in page.lines]
        stays = {
            number
            for number, line in zip(numbers, page.lines, strict=True)
            if number in lines and lines[number]["digest"] == line["digest"]
        }
        held += len(stays)
        away += [number for number in numbers if number not in stays]
        if len(stays) < len(numbers):
            gone.append(stored)
            continue
        for number in stays:
            loose.pop(number, None)
    return Pages(gone, ledger.portions(machine, loose), away, len(lines) - held)


async def _mend_pages(machine: str, pages: Pages, machines: Erasable) -> None:
    for stored in pages.gone:
        await machines.delete(machine, stored.body["id"], stored.etag)
    for portion in batched(pages.new, PAGES_AT_ONCE, strict=False):
        await machines.write(machine, [Put(page.dump()) for page in portion])


async def mend_visits(machine: str, honest: Honest, machines: Erasable) -> None:
    """Put the records of visits in the place of those that are held."""
    for name in await _stale_visits(machine, honest, machines):
        stored, right = await machines.read(machine, name), honest.visits.get(name)
        if right is not None:
            await machines.write(machine, [Put(dict(right), stored.etag if stored else None)])
        elif stored is not None:
            await machines.delete(machine, name, stored.etag)


async def _stale_visits(machine: str, honest: Honest, machines: Documents) -> list[str]:
    held = await visit_records(machine, machines)
    return [name for name in sorted({*held, *honest.visits}) if held.get(name) != honest.visits.get(name)]


async def mend_conditions(entries: Mapping[str, Entry], documents: Documents, version: int) -> None:
    """Put machines' entries in the place of what is held, once each; an empty one goes everywhere.

    Every document is marked with the version, so that a batch which was judged by an older list waits.
    """
    names = await ids(documents)
    left = {machine: entry for machine, entry in entries.items() if entry}
    homes: dict[str, str] = {}
    for name in names if left else ():
        stored = await documents.read(name, name)
        held = load(stored.body, Conditions).machines if stored else {}
        for machine in left.keys() & held.keys():
            homes.setdefault(machine, name)
    names = names or ["0:0"]  # the young ones first: a fold that had read one goes into what is still to come
    for name in names:
        here = {machine: entry for machine, entry in left.items() if homes.get(machine, names[0]) == name}
        await _mend_document(name, entries, here, documents, version)


async def _mend_document(
    name: str, entries: Mapping[str, Entry], here: Mapping[str, Entry], documents: Documents, version: int
) -> None:
    async def attempt() -> None:
        stored = await documents.read(name, name)
        held = load(stored.body, Conditions) if stored else conditions.empty("0", 0)
        after = replace(held, machines=dict(held.machines), exclusions=version)
        for machine in entries:
            conditions.remove(after, machine)
        for machine, entry in here.items():
            conditions.put_entry(after, machine, entry)
        if after == held or (stored is None and not here):
            return
        after.rev += 1
        await documents.write(name, [Put(after.dump(), stored.etag if stored else None)])

    await retry_on_conflict(f"conditions {name}", attempt, ROUNDS)


async def _mend_days(machine: str, stores: MendStores, now: datetime) -> None:
    """Have the rollups compute the machine's days from the pages that there are now, all the way up."""
    # A second time when every invocation that had read the old pages is long over.
    version = await stores.rollups.catalog.refresh()
    due = Due("", now, now + SECOND_PASS_AFTER, recount=True)
    await note(machine, due, version, stores.rollups)


async def withdraw_alerts(machine: str, honest: Honest, stores: MendStores, now: datetime) -> None:
    """Close the alerts whose evidence is gone, and let them be evaluated anew. The next sweep tells of it."""
    for held in await _stale_alerts(machine, honest, stores.alerts, now):
        changed = AlertChange(held, transitions.withdrawn(held.document, millis(now)))
        try:
            await stores.alerts.write(machine, changed.puts())
        except Conflict as fault:
            raise Transient(
                f"{machine}: its alerts were evaluated meanwhile ({fault}); run it again"
            ) from fault


async def _stale_alerts(
    machine: str, honest: Honest, documents: Documents, now: datetime
) -> Sequence[HeldAlert]:
    """The alerts that were evaluated on evidence which the machine no longer gives, or on newer."""
    registers = Registers(machine, honest.entry, millis(now), 0)
    known = {x.id: x.order for x in rules.findings(registers)}
    told_by_stock = rules.findings(Stock(honest.stock, millis(now))) if honest.stock else []
    stocked = {x.id for x in told_by_stock}
    stale = []
    async for held in select(documents, Alert, machine):
        alert = held.document
        order = tuple(alert.evaluated_on[:2])
        told = alert.id in stocked or order <= known.get(alert.id, ())[:2]
        if not told and (order or alert.state == "open"):
            stale.append(held)
    return stale
