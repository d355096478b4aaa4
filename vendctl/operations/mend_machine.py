"""A machine's stored documents are brought to what is honest: stock, ledger, readings, days and alerts.

The machine is in quarantine meanwhile, so nobody else writes of it; what others write beside it is kept, by
If-Match. Each step looks at what is stored and changes what differs, so a run that died is finished by the
next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Any

from vendctl.operations.honest_machine import Honest, Lines
from vending.alerts import alerts, rules
from vending.alerts.raise_alerts import readable as readable_alert
from vending.alerts.rules.evidence import Registers, Stock
from vending.documents.base import current, load
from vending.documents.days import MachineDay
from vending.errors import Conflict, Transient
from vending.ingest.exclusions import Scope
from vending.ports import Documents, Erasable, Put, Stored
from vending.rollups import machine_days
from vending.rollups.catalog_changes import SECOND_PASS_AFTER, Due, note
from vending.rollups.roll_up import RollUpStores
from vending.state import conditions, ledger, stock
from vending.state.conditions import Entry
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
    alerts: int = 0
    """Alerts that are closed."""
    left: bool = True
    """Whether anything is known of the machine afterwards."""

    @property
    def any(self) -> bool:
        """Whether anything changes."""
        return bool(self.away or self.back or self.units or self.revenue or self.registers or self.alerts)


@dataclass(frozen=True)
class Pages:
    """The ledger pages of a machine: what stays, what goes, and what comes."""

    gone: list[Stored]
    new: list[dict[str, Any]]
    away: list[tuple[str, int, int]]
    """Lines that go: (device, epoch, number)."""
    back: int


async def mend(machine: str, honest: Honest, stores: MendStores, version: int, now: datetime) -> None:
    """Bring everything in line; ``version``: of the exclusions that it was judged by. Raises Transient."""
    await mend_ledger(machine, honest, stores, version, now)
    await mend_conditions({machine: honest.entry}, stores.conditions, version)
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
    before = current(held.body, stock.SCHEMA)["totals"] if held else {}
    after = honest.stock["totals"] if honest.stock else {}
    money = {
        currency: after.get("revenue", {}).get(currency, 0) - before.get("revenue", {}).get(currency, 0)
        for currency in sorted({*before.get("revenue", {}), *after.get("revenue", {})})
    }
    pages = await _pages(machine, honest.lines, stores.machines)
    documents = [one.body async for one in stores.conditions.select(None, ("type", "=", "conditions"))]
    entry = conditions.merged(documents).get(machine, {})
    stale = await _stale_alerts(machine, honest, stores.alerts, now)
    return Mended(
        away=len(pages.away),
        strays=sum(not any(x.covers(device, epoch) for x in scopes) for device, epoch, _ in pages.away),
        back=pages.back,
        units=after.get("units", 0) - before.get("units", 0),
        revenue={currency: minor for currency, minor in money.items() if minor},
        registers=sum(entry.get(name) != honest.entry.get(name) for name in {*entry, *honest.entry}),
        alerts=sum(one.body["state"] == "open" for one in stale),
        left=bool(honest.stock or honest.entry),
    )


async def _mend_stock(machine: str, honest: Honest, machines: Documents, version: int) -> None:
    """Replace the stock. Where nothing is left an empty one stays: its ``rev`` must only grow, and it tells a
    batch that was begun before that it was judged by an older list."""
    for _ in range(ROUNDS):
        held = await machines.read(machine, "stock")
        if held is None and honest.stock is None:
            return
        before = current(held.body, stock.SCHEMA) if held else stock.empty(machine)
        after = (honest.stock or stock.empty(machine)) | {"rev": before["rev"], "exclusions": version}
        if before == after:
            return
        try:
            await machines.write(
                machine, [Put(after | {"rev": before["rev"] + 1}, held.etag if held else None)]
            )
        except Conflict:
            continue
        return
    raise Transient(f"{machine}: its stock is written all the time; is the machine in quarantine?")


async def _pages(machine: str, lines: Lines, machines: Documents) -> Pages:
    """A page of which every line stays is kept as it is; the lines of the others that stay get new pages."""
    gone: list[Stored] = []
    away: list[tuple[str, int, int]] = []
    loose, held = dict(lines), 0
    async for page in machines.select(machine, ("type", "=", "page")):
        body = current(page.body, ledger.PAGE_SCHEMA)
        numbers = [(body["deviceId"], body["epoch"], line["ledger"]) for line in body["lines"]]
        stays = {
            number
            for number, line in zip(numbers, body["lines"], strict=True)
            if number in lines and lines[number]["digest"] == line["digest"]
        }
        held += len(stays)
        away += [number for number in numbers if number not in stays]
        if len(stays) < len(numbers):
            gone.append(page)
            continue
        for number in stays:
            loose.pop(number, None)
    return Pages(gone, ledger.portions(machine, loose), away, len(lines) - held)


async def _mend_pages(machine: str, pages: Pages, machines: Erasable) -> None:
    for page in pages.gone:
        await machines.delete(machine, page.body["id"], page.etag)
    for portion in batched(pages.new, PAGES_AT_ONCE, strict=False):
        await machines.write(machine, [Put(page) for page in portion])


async def mend_conditions(entries: Mapping[str, Entry], documents: Documents, version: int) -> None:
    """Put machines' entries in the place of what is held, once each; an empty one goes everywhere.

    Every document is marked with the version, so that a batch which was judged by an older list waits.
    """
    listed = documents.select(None, ("type", "=", "conditions"), fields=("id",))
    names = sorted([stored.body["id"] async for stored in listed])
    left = {machine: entry for machine, entry in entries.items() if entry}
    homes: dict[str, str] = {}
    for name in names if left else ():
        stored = await documents.read(name, name)
        for machine in left.keys() & (stored.body["machines"].keys() if stored else ()):
            homes.setdefault(machine, name)
    names = names or ["0:0"]
    for name in names:
        here = {machine: entry for machine, entry in left.items() if homes.get(machine, names[0]) == name}
        await _mend_document(name, entries, here, documents, version)


async def _mend_document(
    name: str, entries: Mapping[str, Entry], here: Mapping[str, Entry], documents: Documents, version: int
) -> None:
    for _ in range(ROUNDS):
        stored = await documents.read(name, name)
        partition, _, shard = name.rpartition(":")
        held = current(stored.body, conditions.SCHEMA) if stored else conditions.empty(partition, int(shard))
        after = held | {"machines": dict(held["machines"]), "exclusions": version}
        for machine in entries:
            conditions.remove(after, machine)
        for machine, entry in here.items():
            conditions.settle(after, machine, entry)
        if after == held or (stored is None and not here):
            return
        try:
            etag = stored.etag if stored else None
            await documents.write(name, [Put(after | {"rev": held["rev"] + 1}, etag)])
        except Conflict:
            continue
        return
    raise Transient(f"conditions {name} are still contended after {ROUNDS} rounds; run it again")


async def _mend_days(machine: str, stores: MendStores, now: datetime) -> None:
    """Have the rollups compute the machine's days from the pages that there are now, all the way up."""
    async for listed in stores.machines.select(machine, ("type", "=", "day"), fields=("id",)):
        for _ in range(ROUNDS):
            held = await stores.machines.read(machine, listed.body["id"])
            day = load(held.body, MachineDay) if held else None
            if held is None or day is None or not day.pages:
                break
            try:
                await stores.machines.write(machine, [Put(machine_days.recounted(day).dump(), held.etag)])
            except Conflict:
                continue
            break
    # A second time when every invocation that had read the old pages is long over.
    version = await stores.rollups.catalog.refresh()
    await note(machine, Due("", now, now + SECOND_PASS_AFTER), version, stores.rollups)


async def withdraw_alerts(machine: str, honest: Honest, stores: MendStores, now: datetime) -> None:
    """Close the alerts whose evidence is gone, and let them be evaluated anew. The next sweep tells of it."""
    for stored in await _stale_alerts(machine, honest, stores.alerts, now):
        changed, *ended = alerts.withdrawn(stored.body, millis(now))
        try:
            await stores.alerts.write(machine, [Put(changed, stored.etag), *map(Put, ended)])
        except Conflict as fault:
            raise Transient(
                f"{machine}: its alerts were evaluated meanwhile ({fault}); run it again"
            ) from fault


async def _stale_alerts(
    machine: str, honest: Honest, documents: Documents, now: datetime
) -> Sequence[Stored]:
    """The alerts that were evaluated on evidence which the machine no longer gives, or on newer."""
    registers = Registers(machine, honest.entry, millis(now), 0)
    known = {x.id: x.order for x in rules.findings(registers)}
    told_by_stock = rules.findings(Stock(honest.stock, millis(now))) if honest.stock else []
    stocked = {x.id for x in told_by_stock}
    stale = []
    async for stored in documents.select(machine, ("type", "=", "alert")):
        body = readable_alert(stored).body
        judged = tuple(body["judged"][:2])
        told = body["id"] in stocked or judged <= known.get(body["id"], ())[:2]
        if not told and (judged or body["state"] == "open"):
            stale.append(stored)
    return stale
