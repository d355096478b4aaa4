"""The fleet as a list: every machine with what lists show, search and sort by, without its own document.

It is put together of the registers, the open alerts and the catalog's names, which an instance holds anyway,
at most once in two seconds, and less often where machines are many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from vending.alerts.rules.silent import Silent
from vending.alerts.rules.sold_out import SoldOut
from vending.documents.conditions import Entry
from vending.views import condition_view, open_alerts
from vending.views.names import MachineName, SiteName
from vending.views.open_alerts import OpenAlert
from vending.views.places import SMOKE_MACHINE, machine_names, site_names
from vending.views.stores import EACH_MACHINE, ViewStores, fleet_conditions

NOBODY = MachineName("", "")
NOWHERE = SiteName("", "", "")


@dataclass(eq=False)
class Member:
    """A machine. ``site``, ``site_name`` and ``route`` are ``""`` where it has none."""

    id: str
    name: str
    site: str
    site_name: str
    route: str
    placed: bool
    """Whether the catalog names it."""
    entry: Entry
    alerts: Sequence[OpenAlert]

    @property
    def seen(self) -> int:
        """When its newest event happened (ms); -1 where none came."""
        seen = condition_view.last_seen(self.entry)
        return -1 if seen is None else seen

    @property
    def sold_out(self) -> int:
        """How many selections have an open alert that they are sold out."""
        return sum(alert.rule == SoldOut.name for alert in self.alerts)

    @cached_property
    def text(self) -> str:
        """What a search looks through."""
        return "\n".join((self.id, self.name, self.site, self.site_name, self.route)).casefold()


async def roster(stores: ViewStores, now: datetime) -> Sequence[Member]:
    """Every machine that the catalog names or that ever sent an event, in the order of their ids."""

    async def put_together() -> Sequence[Member]:
        heard = await fleet_conditions(stores, now)
        found = _Sources(
            heard,
            await machine_names(stores, now),
            await site_names(stores, now),
            await open_alerts.by_machine(stores, now),
            stores.silent_before(now),
        )
        ids = sorted(heard.keys() | found.machines.keys())
        return [found.member(machine) for machine in ids if machine != SMOKE_MACHINE]

    held: Sequence[Member] = await stores.recent.get(
        "roster", now, put_together, lambda found: len(found) * EACH_MACHINE
    )
    return held


@dataclass(frozen=True)
class _Sources:
    """What members are put together of."""

    heard: Mapping[str, Entry]
    machines: Mapping[str, MachineName]
    sites: Mapping[str, SiteName]
    alerts: Mapping[str, Sequence[OpenAlert]]
    silent_before: int

    def member(self, machine: str) -> Member:
        """The machine of that id."""
        named = self.machines.get(machine, NOBODY)
        site = self.sites.get(named.site, NOWHERE)
        entry = self.heard.get(machine, {})
        return Member(
            id=machine,
            name=named.name or machine,
            site=named.site,
            site_name=site.name or named.site,
            route=site.route,
            placed=named is not NOBODY,
            entry=entry,
            alerts=self._true(entry, self.alerts.get(machine, ())),
        )

    def _true(self, entry: Entry, alerts: Sequence[OpenAlert]) -> Sequence[OpenAlert]:
        """Without the alert that the machine is silent, where it is online by now: the sweep closes it."""
        if alerts and condition_view.state(entry, self.silent_before) == "online":
            return [alert for alert in alerts if alert.rule != Silent.name]
        return alerts
