"""Read models of one machine: what it is, its sales."""

from datetime import datetime, timedelta

from msgspec import structs

from vending.business_day import instant
from vending.catalog.cache import CatalogCache
from vending.documents.base import load
from vending.documents.days import MachineDay
from vending.documents.pages import LedgerPage
from vending.documents.stock import MachineStock
from vending.rollups import tree
from vending.state import stock
from vending.time import millis
from vending.views import condition_view, stock_view
from vending.views.alerts import alerts_of
from vending.views.answers.machines import Machine, MachineDayFigures, Sales
from vending.views.machine_whole import machine_whole
from vending.views.stores import ViewStores, fleet_conditions

SALES_LIMIT = 500
SALES_WINDOW = timedelta(hours=24)


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
    heard = await fleet_conditions(stores, now)
    held = await _stock(stores, machine)
    entries = CatalogCache(stores.catalog, default_zone)
    named = await entries.machine(machine)
    if held is None and machine not in heard and named is None:
        return None
    known = held or stock.empty(machine)
    assigned = await entries.assignment(machine)
    date = day or assigned.day_of(millis(now))
    stored = await stores.machines.read(*tree.machine_day_key(machine, date))
    name = (named and named.name) or machine
    whole = await machine_whole(stores, name, known, assigned, now)
    return Machine(
        machine_id=machine,
        condition=condition_view.describe(heard.get(machine, {}), stores.silent_before(now)),
        totals=stock_view.totals(known),
        last=stock_view.last(known),
        holes=stock_view.holes(known),
        lost=stock_view.lost(known),
        day=_day(load(stored.body, MachineDay)) if stored else None,
        alerts=await alerts_of(stores, machine, now),
        **structs.asdict(whole),
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
    if (held := await _stock(stores, machine)) is None:
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
