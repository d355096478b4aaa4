"""The pick list of a route as the API tells it."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from vending.answer import Answer
from vending.catalog.cache import CatalogCache
from vending.errors import Rejected
from vending.views.picklist import PickList, Stop, Visit, pick_list
from vending.views.picks import Pick
from vending.views.stores import ViewStores

MOST = 300
"""Machines of a route: more are no round of one driver, and take longer to read than anybody waits."""


class PickRow(Answer, frozen=True, kw_only=True):
    """A slot to fill."""

    site: str
    site_name: str
    machine_id: str
    name: str
    selection: str
    sku: str
    product: str
    take: Annotated[int, Meta(description="Units.")]
    on_hand: int
    par: int
    expected: Annotated[float, Meta(description="Units that sell until the visit.")]


class Unplanned(Answer, frozen=True):
    """Selections of a machine that were never counted, or have neither par nor capacity."""

    machine_id: str
    selections: list[str]


class Load(Answer, frozen=True):
    """What to load into the van."""

    sku: str
    product: str
    units: int


class RoutePickList(Answer, frozen=True):
    """What to take along to a route's machines: by site, machine and selection."""

    route: str
    machines: Annotated[int, Meta(description="Of the route, with or without a slot to fill.")]
    picks: list[PickRow]
    unplanned: list[Unplanned]
    load: list[Load]


async def route_picklist(stores: ViewStores, route: str, visit: Visit, zone: str) -> RoutePickList | None:
    """Of a visit to the route; None where no site is on it. Raises Rejected (``long-route``). ``zone`` is
    that of machines whose site the catalog lacks."""
    try:
        found = await pick_list(route, visit, stores.machines, CatalogCache(stores.catalog, zone))
    except Rejected as refused:
        if refused.reason == "unknown-route":
            return None
        raise
    return RoutePickList(
        route,
        len(found.stops),
        [_row(found, stop, pick) for stop, pick in _every(found)],
        [Unplanned(stop.machine, stop.unplanned) for stop in found.stops if stop.unplanned],
        [Load(sku, found.called("product", sku), units) for sku, units in found.load.items()],
    )


def _every(found: PickList) -> Iterator[tuple[Stop, Pick]]:
    return ((stop, pick) for stop in found.stops for pick in stop.picks)


def _row(found: PickList, stop: Stop, pick: Pick) -> PickRow:
    return PickRow(
        site=stop.site,
        site_name=found.called("site", stop.site),
        machine_id=stop.machine,
        name=found.called("machine", stop.machine),
        selection=pick.selection,
        sku=pick.sku,
        product=found.called("product", pick.sku),
        take=pick.quantity,
        on_hand=pick.on_hand,
        par=pick.par,
        expected=round(pick.expected, 1),
    )
