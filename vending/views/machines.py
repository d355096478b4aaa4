"""Read models of machines: the list, one machine, its sales."""

import asyncio
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import UNSET

from vending.business_day import instant
from vending.documents.base import load
from vending.documents.conditions import Entry
from vending.documents.days import MachineDay
from vending.documents.pages import LedgerPage
from vending.documents.stock import MachineStock
from vending.events.envelope import Identifier
from vending.ports import Stored
from vending.readable import readable
from vending.rollups import rollups
from vending.state import stock
from vending.time import millis
from vending.views import condition_view, stock_view
from vending.views.alerts import alerts_of
from vending.views.answers.conditions import State
from vending.views.answers.machines import Machine, MachineDayFigures, MachineRow, Machines, Sales
from vending.views.places import fleet, sites, today
from vending.views.views import ViewStores, fleet_conditions

READS_AT_ONCE = 16
SALES_LIMIT = 500
SALES_WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class MachineQuery:
    """Which machines: at most ``limit`` with ids greater than ``after``, of one site or state if given.

    ``placed``: only those that the catalog names.
    """

    limit: int = 100
    after: str = ""
    site: str | None = None
    state: State | None = None
    placed: bool = False


async def machines(stores: ViewStores, query: MachineQuery, now: datetime) -> Machines:
    """A page of the fleet."""
    known = await fleet(stores, now)
    homes = await sites(stores, now)
    limit = stores.silent_before(now)
    matching = [
        machine
        for machine, entry in known.items()
        if query.state in (None, condition_view.state(entry, limit))
        and query.site in (None, homes.get(machine))
        and (machine in homes or not query.placed)
    ]
    rest = matching[bisect_right(matching, query.after) :]
    page = rest[: query.limit]
    spanned = sum(page[0] <= machine <= page[-1] for machine in known) if page else 0
    held = await _stocks(stores, page, spanned)
    return Machines(
        machines=[
            _row(machine, homes.get(machine), known[machine], held.get(machine, stock.empty(machine)), limit)
            for machine in page
        ],
        next=page[-1] if len(rest) > len(page) else None,
        total=len(matching),
    )


def _row(
    machine: str, site: str | None, entry: Entry, held: MachineStock | None, silent_before: int
) -> MachineRow:
    """``held`` is None where it is malformed: the row says so, and what it shows of the stock is nothing."""
    seen = condition_view.last_seen(entry)
    return MachineRow(
        machine_id=machine,
        site=site,
        state=condition_view.state(entry, silent_before),
        last_seen=None if seen is None else instant(seen),
        temperatures=condition_view.temperatures(entry),
        faults=condition_view.faults(entry),
        door_open=condition_view.newest(entry, "door"),
        power=condition_view.newest(entry, "power"),
        defective=True if held is None else UNSET,
        **stock_view.overview(held or stock.empty("")),
    )


async def _stocks(stores: ViewStores, ids: Sequence[str], spanned: int) -> dict[str, MachineStock | None]:
    """The stock of those machines that have one, None where it is malformed: one query where they stand side
    by side in the fleet, else point reads."""
    if not ids:
        return {}
    if spanned <= 2 * len(ids):
        found = stores.machines.select(
            None, ("id", "=", "stock"), ("machineId", ">=", ids[0]), ("machineId", "<=", ids[-1])
        )
        return {stored.body["machineId"]: readable(stored.body, MachineStock) async for stored in found}
    gate = asyncio.Semaphore(READS_AT_ONCE)

    async def one(machine: str) -> Stored | None:
        async with gate:
            return await stores.machines.read(machine, "stock")

    read = zip(ids, await asyncio.gather(*map(one, ids)), strict=True)
    return {machine: readable(stored.body, MachineStock) for machine, stored in read if stored is not None}


async def _stock(stores: ViewStores, machine: str) -> MachineStock | None:
    stored = await stores.machines.read(machine, "stock")
    held = load(stored.body, MachineStock) if stored else None
    return held if held and stock.known(held) else None


async def machine(
    stores: ViewStores, machine: str, default_zone: str, now: datetime, day: str | None = None
) -> Machine | None:
    """One machine: what it holds, sold, and how it is. None where nobody knows it.

    Without a day, today's sales: ``default_zone`` gives the business day of a machine without a site.
    """
    if not re.fullmatch(Identifier, machine):
        return None
    heard = await fleet_conditions(stores, now)
    held = await _stock(stores, machine)
    if held is None and machine not in heard and machine not in await sites(stores, now):
        return None
    known = held or stock.empty(machine)
    site, date = await today(stores, machine, default_zone, now)
    stored = await stores.machines.read(*rollups.machine_day_key(machine, day or date))
    return Machine(
        machine_id=machine,
        site=site,
        condition=condition_view.describe(heard.get(machine, {}), stores.silent_before(now)),
        slots=stock_view.slots(known),
        totals=stock_view.totals(known),
        last=stock_view.last(known),
        holes=stock_view.holes(known),
        lost=stock_view.lost(known),
        day=_day(load(stored.body, MachineDay)) if stored else None,
        alerts=await alerts_of(stores, machine, now),
    )


def _day(day: MachineDay) -> MachineDayFigures:
    """The figures of a day, and how they came to be: how often corrected, when, and by how much."""
    return MachineDayFigures(
        date=day.date,
        figures=day.figures,
        version=day.version,
        computed_at=day.computed_at,
        late_units=day.late_units,
        closed=day.closed,
    )


async def sales(
    stores: ViewStores, machine: str, since: datetime | None, until: datetime | None
) -> Sales | None:
    """Vends and failures with since ≤ time < until, newest first, at most 500; None for an unknown machine.

    Without bounds: the 24 hours up to the last vend. ``truncated`` says that there were more.
    """
    if not re.fullmatch(Identifier, machine) or (held := await _stock(stores, machine)) is None:
        return None
    first, end = _window(held, since, until)
    found = stores.machines.select(machine, ("to", ">=", first), ("from", "<", end))
    lines = stock_view.sales([load(stored.body, LedgerPage) async for stored in found], first, end)
    return Sales(
        machine_id=machine,
        since=instant(first),
        until=instant(end),
        sales=lines[:SALES_LIMIT],
        truncated=len(lines) > SALES_LIMIT,
    )


def _window(held: MachineStock, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    length = SALES_WINDOW // timedelta(milliseconds=1)
    if until is not None:
        end = millis(until)
    elif since is not None:
        end = millis(since) + length
    else:
        newest = [held.last[kind][2] for kind in ("vend", "failure") if kind in held.last]
        end = max(newest, default=0) + 1
    return (millis(since) if since is not None else max(0, end - length)), end
