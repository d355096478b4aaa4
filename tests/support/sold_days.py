"""Machine days and all the summaries above them, written as the rollups write them, without their events."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tests.support.fakes import FakeDocuments
from vending.documents.days import Figures, MachineDay
from vending.ports import Put
from vending.rollups import machine_days, rollups


class Sold(NamedTuple):
    """What a machine sold at a site, which is on a route, or on none."""

    machine: str
    site: str
    units: int
    route: str = ""
    figures: Mapping[str, Any] | None = None


async def write_day(day: str, sold: Iterable[Sold], machines: FakeDocuments, fleet: FakeDocuments) -> None:
    """The day, with each machine's figures, or as many vends as units at 1.50 EUR."""
    shares = []
    for one in sold:
        document = machine_day(day, one)
        await machines.write(one.machine, [Put(document.dump())])
        shares += machine_days.contributions(document)
    while shares:
        by_key: dict[rollups.Key, list[rollups.Contribution]] = {}
        for share in shares:
            by_key.setdefault(share.key, []).append(share)
        shares = []
        for (scope, _), given in by_key.items():
            summary = rollups.empty(scope, day)
            rollups.merge(summary, given)
            await fleet.write(scope, [Put(summary.dump())])
            shares += rollups.upwards(summary)


def machine_day(day: str, sold: Sold) -> MachineDay:
    """The document of one machine."""
    return MachineDay(
        id=rollups.day_id(day),
        machine_id=sold.machine,
        date=day,
        time_zone="Etc/UTC",
        site=sold.site,
        sites=[sold.site],
        route=sold.route,
        figures=dict(sold.figures if sold.figures is not None else vends(sold.units)),
        window=[0, 1],
        pages=1,
        catalog_version=1,
        rev=1,
        version=1,
    )


def vends(units: int) -> Figures:
    """Paid vends of one unit each, half of them in cash."""
    if not units:
        return {}
    cash = (units + 1) // 2
    paid = {"cash": cash, "cashless": units - cash}
    figures: Figures = {"vends": units, "units": units, "revenue": {"EUR": 150 * units}}
    figures["payments"] = {
        method: {"vends": count, "units": count, "revenue": {"EUR": 150 * count}}
        for method, count in paid.items()
        if count
    }
    return figures
