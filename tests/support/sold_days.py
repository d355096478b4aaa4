"""Machine days and all the summaries above them, written as the rollups write them, without their events."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from tests.support.fakes import FakeDocuments
from vending.documents.base import load
from vending.documents.days import BucketDay, Early, Figures, MachineDay, WholeDay
from vending.documents.rollup_state import ROLLUP, OpenDay, OpenDays
from vending.ports import Put
from vending.rollups import buckets, machine_days, tree


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
        by_key: dict[tree.Key, list[tree.Contribution]] = {}
        for share in shares:
            by_key.setdefault(share.key, []).append(share)
        shares = []
        for (scope, _), given in by_key.items():
            summary = tree.empty(scope, day)
            tree.merge(summary, given)
            await fleet.write(scope, [Put(summary.dump())])
            shares += tree.upwards(summary)


async def write_open_day(
    day: str, sold: Iterable[Sold], machines: FakeDocuments, fleet: FakeDocuments
) -> None:
    """The same while the day is open: each machine had sold nothing yet when its document was computed."""
    held: dict[int, BucketDay] = {}
    for one in sold:
        document = machine_day(day, one)
        number = buckets.home(document)
        bucket = held.setdefault(number, buckets.empty(number, day))
        bucket.rev += 1
        bucket.early[one.machine] = Early(1, 0, 1, "", one.site, one.route, document.figures, None)
        first = replace(document, figures={}, buckets=[number])
        await machines.write(one.machine, [Put(first.dump())])
    for scope in (tree.FLEET, tree.PRODUCTS):
        summary = tree.empty(scope, day)
        assert isinstance(summary, WholeDay)
        summary.early = {}
        given = [share for bucket in held.values() for share in buckets.upwards(bucket)]
        tree.merge(summary, [share for share in given if share.scope == scope])
        await fleet.write(scope, [Put(summary.dump())])
    for bucket in held.values():
        await fleet.write(bucket.scope, [Put(bucket.dump())])
    known = await fleet.read(ROLLUP, "open-days")
    days = load(known.body, OpenDays) if known else OpenDays(days=[])
    days.days.append(OpenDay(day, 0))
    await fleet.write(ROLLUP, [Put(days.dump(), known.etag if known else None)])


def machine_day(day: str, sold: Sold) -> MachineDay:
    """The document of one machine."""
    return MachineDay(
        id=tree.day_id(day),
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
