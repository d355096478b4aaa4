"""Reads what a daily report tells: rollups by their ids, and what every view of the fleet holds anyway.

That is for the whole fleet two summaries, the two rankings' and what the dashboard's page reads; for some
routes and sites two summaries of each. No machine's stock and no page of a ledger is read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from vending import business_day
from vending.alerts import rules
from vending.alerts.rules.rollups_behind import RollupsBehind
from vending.documents.catalog import CatalogMachine, CatalogSite
from vending.documents.conditions import Entry
from vending.documents.days import Figures, Summary
from vending.readable import readable
from vending.reports.facts import LISTED, Facts, OpenAlert, Scope, Tubes
from vending.reports.ranking import Search
from vending.rollups import tree
from vending.time import millis
from vending.views import condition_view, places
from vending.views.alerts import open_alerts
from vending.views.answers.alerts import Alert
from vending.views.stores import ViewStores

WEEK = 7


@dataclass(frozen=True)
class Places:
    """Where machines stand, as the catalog says today."""

    sites: Mapping[str, str | None]
    """Machine → site."""
    routes: Mapping[str, str | None]
    """Site → route."""

    def holds(self, scope: Scope, machine: str) -> bool:
        """Whether the machine belongs to the scope. The app itself (``$hub``) belongs to the whole fleet."""
        site = self.sites.get(machine)
        return scope.holds(site, self.routes.get(site or ""))


async def gather(stores: ViewStores, scope: Scope, day: str, zone: str, now: datetime) -> Facts:
    """The facts of a day; ``zone`` is the recipient's."""
    known = Places(await places.sites(stores, now), await places.routes(stores, now))
    before, summaries = business_day.shift(day, -WEEK), _summaries(known, scope)
    fleet = await places.fleet(stores, now)
    entries = [entry for machine, entry in fleet.items() if known.holds(scope, machine)]
    alerts, _ = await open_alerts(stores, now)
    searches = [Search(by, stores.machines, stores.fleet, day, before) for by in ("most", "lost")]
    best, worst = [await search.first(LISTED, summaries) for search in searches]
    facts = Facts(
        scope=scope,
        day=day,
        zone=zone,
        sold=await _total(stores, summaries, day),
        before=await _total(stores, summaries, before),
        states=Counter(condition_view.state(entry, stores.silent_before(now)) for entry in entries),
        alerts=[_alert(one) for one in alerts if known.holds(scope, one.machine_id)],
        tubes=_tubes(entries),
        best=best,
        worst=worst,
        unfinished=_unfinished(await places.time_zones(stores, now), known, scope, day, now),
        behind=any(one.rule == RollupsBehind.name for one in alerts),
    )
    return replace(facts, names=await _names(stores, known, facts.listed()))


def _summaries(known: Places, scope: Scope) -> list[str]:
    """The scopes of the rollups that together are the report's, none of them twice."""
    if scope.whole:
        return [tree.FLEET]
    alone = [site for site in scope.sites if known.routes.get(site) not in scope.routes]
    keys = [tree.route_day_key(route, "") for route in scope.routes]
    keys += [tree.site_day_key(site, "") for site in alone]
    return list(dict.fromkeys(name for name, _ in keys))


async def _total(stores: ViewStores, summaries: Iterable[str], day: str) -> Figures:
    sold: Figures = {}
    for name in summaries:
        stored = await stores.fleet.read(name, tree.day_id(day))
        tree.add(sold, tree.total(readable(stored.body, Summary) if stored else None))
    return sold


def _alert(view: Alert) -> OpenAlert:
    since = millis(datetime.fromisoformat(view.since))
    severity = rules.named(view.rule).severity
    return OpenAlert(view.machine_id, view.rule, view.component, severity, view.title, since)


def _tubes(entries: Iterable[Entry]) -> Tubes:
    """Of the machines whose register says what their tubes hold."""
    stated = [entry["cash"][3] for entry in entries if "cash" in entry]
    return Tubes(len(stated), sum(coin * count for tubes in stated for coin, count, *_ in tubes))


def _unfinished(
    zones: Mapping[str, str | None], known: Places, scope: Scope, day: str, now: datetime
) -> list[str]:
    here = {zone for site, zone in zones.items() if zone and scope.holds(site, known.routes.get(site))}
    return sorted(zone for zone in here if business_day.window(day, zone)[1] > millis(now))


async def _names(stores: ViewStores, known: Places, machines: Iterable[str]) -> dict[str, str]:
    """Machine → its name and its site's; what the catalog does not name goes by its id."""
    names = {}
    for machine in machines:
        site = known.sites.get(machine)
        own = await _named(stores, CatalogMachine, machine)
        place = await _named(stores, CatalogSite, site) if site else ""
        names[machine] = own if place in own else f"{own}, {place}"
    return names


async def _named(stores: ViewStores, kind: type[CatalogMachine] | type[CatalogSite], name: str) -> str:
    stored = await stores.catalog.read(kind.type, name)
    held = readable(stored.body, kind) if stored else None
    return (held.name if held else "") or name
