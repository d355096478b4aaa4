"""The lists of sites and routes: what stands there, and what is wrong with it. They cost no read of their
own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from vending.answer import Answer
from vending.views import condition_view, paging
from vending.views.names import SiteName
from vending.views.paging import Order, Place
from vending.views.places import site_names
from vending.views.roster import Member, roster
from vending.views.stores import ViewStores


@dataclass(frozen=True)
class PlaceQuery:
    """Which sites or routes: at most ``limit`` with ids greater than ``after``; each of the words stands
    somewhere in the id or the name. ``route``: of sites, those of one route."""

    limit: int = 100
    after: str = ""
    words: Sequence[str] = ()
    route: str | None = None


class Counted(Answer, frozen=True, kw_only=True):
    """Machines of a place."""

    machines: int
    online: int
    silent: int
    imported: Annotated[int, Meta(description="Machines of which only imports are known.")]
    never: Annotated[int, Meta(description="Machines of which no event ever came.")]
    alerts: Annotated[int, Meta(description="How many are open.")]
    sold_out: Annotated[int, Meta(description="Selections.")]


class SiteRow(Counted, frozen=True, kw_only=True):
    """A site of the catalog."""

    site: str
    name: str
    route: str | None
    time_zone: str


class RouteRow(Counted, frozen=True, kw_only=True):
    """A route: the sites that name it."""

    route: str
    sites: int


class SiteList(Answer, frozen=True):
    """A page of the sites."""

    sites: list[SiteRow]
    next: Annotated[str | None, Meta(description="`after` of the next page; null on the last one.")]
    total: Annotated[int, Meta(description="How many sites match.")]


class RouteList(Answer, frozen=True):
    """A page of the routes."""

    routes: list[RouteRow]
    next: Annotated[str | None, Meta(description="`after` of the next page; null on the last one.")]
    total: Annotated[int, Meta(description="How many routes match.")]


async def site_list(stores: ViewStores, query: PlaceQuery, now: datetime) -> SiteList:
    """A page of the sites of the catalog, by their ids."""
    sites = await site_names(stores, now)
    matching = [
        site
        for site, told in sorted(sites.items())
        if query.route in (None, told.route) and _has(query.words, site, told.name, told.route)
    ]
    shown, go_on = _page(matching, query)
    standing = _by(shown, await roster(stores, now), {site: site for site in shown})
    limit = stores.silent_before(now)
    rows = [_site_row(site, sites[site], _counts(standing[site], limit)) for site in shown]
    return SiteList(rows, go_on, len(matching))


async def route_list(stores: ViewStores, query: PlaceQuery, now: datetime) -> RouteList:
    """A page of the routes of the catalog, by their ids."""
    of_site = {site: told.route for site, told in (await site_names(stores, now)).items() if told.route}
    matching = [route for route in sorted(set(of_site.values())) if _has(query.words, route)]
    shown, go_on = _page(matching, query)
    standing = _by(shown, await roster(stores, now), of_site)
    limit, many = stores.silent_before(now), list(of_site.values())
    rows = [
        RouteRow(route=route, sites=many.count(route), **_counts(standing[route], limit)) for route in shown
    ]
    return RouteList(rows, go_on, len(matching))


def _has(words: Iterable[str], *told: str) -> bool:
    text = "\n".join(told).casefold()
    return all(word in text for word in words)


def _page(ids: Sequence[str], query: PlaceQuery) -> tuple[list[str], str | None]:
    """The ids of the page, and where the next one goes on."""
    after = Place(query.after, query.after) if query.after else None
    shown = paging.page(ids, Order[str]("id", str, str, str), after, query.limit)
    return shown.rows, shown.rows[-1] if shown.more else None


def _by(shown: Sequence[str], fleet: Iterable[Member], of_site: Mapping[str, str]) -> dict[str, list[Member]]:
    """The machines of each place that is shown; ``of_site``: the place of a site."""
    found: dict[str, list[Member]] = {place: [] for place in shown}
    for one in fleet:
        if (place := of_site.get(one.site)) in found:
            found[place].append(one)
    return found


def _counts(machines: Sequence[Member], silent_before: int) -> dict[str, int]:
    states = [condition_view.state(one.entry, silent_before) for one in machines]
    return {
        "machines": len(machines),
        "online": states.count("online"),
        "silent": states.count("silent"),
        "imported": states.count("imported"),
        "never": states.count("never"),
        "alerts": sum(len(one.alerts) for one in machines),
        "sold_out": sum(one.sold_out for one in machines),
    }


def _site_row(site: str, told: SiteName, counts: Mapping[str, int]) -> SiteRow:
    return SiteRow(site=site, name=told.name, route=told.route or None, time_zone=told.time_zone, **counts)
