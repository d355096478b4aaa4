"""What a daily report tells: the facts, before anybody words them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vending.alerts.rules.base import Severity
from vending.alerts.rules.silent import Silent
from vending.alerts.rules.sold_out import SoldOut
from vending.documents.days import Figures

LISTED = 10
"""Machines, or alerts, that each part of a report names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is about: sites of these routes and these sites; neither: the whole fleet."""

    routes: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it is the whole fleet."""
        return not self.routes and not self.sites

    def holds(self, site: str | None, route: str | None) -> bool:
        """Whether a machine at that site, which is on that route, belongs to it."""
        return self.whole or (site is not None and (site in self.sites or route in self.routes))


WHOLE = Scope()


@dataclass(frozen=True, slots=True)
class MachineSales:
    """A machine's day beside the same weekday before, in units sold; ``revenue`` in minor units."""

    machine: str
    units: int
    before: int
    revenue: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Machines by sales; not ``whole``: so many sites sold that some were not looked at."""

    machines: Sequence[MachineSales] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is open; ``since`` in milliseconds."""

    machine: str
    rule: str
    component: str
    severity: Severity
    title: str
    since: int


@dataclass(frozen=True, slots=True)
class Tubes:
    """What the coin tubes hold of the machines that state it, in minor units; devices name no currency."""

    machines: int = 0
    minor: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """A business day of a scope, and how things stand now."""

    scope: Scope
    day: str
    zone: str
    """Of the recipient: times are told on its clock."""
    sold: Figures
    before: Figures
    """Of the same weekday a week before."""
    states: Mapping[str, int]
    """How many machines are online, silent, …"""
    alerts: Sequence[OpenAlert] = ()
    """All that are open, newest first."""
    tubes: Tubes = Tubes()
    best: Ranking = Ranking()
    worst: Ranking = Ranking()
    names: Mapping[str, str] = field(default_factory=dict)
    """Machine → what people call it, with its site; of those that the report lists."""
    unfinished: Sequence[str] = ()
    """Time zones of sites where the day is not over yet."""
    behind: bool = False
    """Whether sales wait to be counted."""

    def critical(self) -> list[OpenAlert]:
        """The alerts that cannot wait."""
        return [alert for alert in self.alerts if alert.severity == "critical"]

    def silent(self) -> list[OpenAlert]:
        """Machines that nothing was heard of."""
        return [alert for alert in self.alerts if alert.rule == Silent.name]

    def sold_out(self) -> dict[str, list[str]]:
        """Machine → its selections with nothing on hand; first the machines with the most of them."""
        found: dict[str, list[str]] = {}
        for alert in self.alerts:
            if alert.rule == SoldOut.name:
                found.setdefault(alert.machine, []).append(alert.component)
        ranked = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        return {machine: sorted(names, key=lambda name: (len(name), name)) for machine, names in ranked}

    def listed(self) -> list[str]:
        """The machines that the report names, once each."""
        ranked = [one.machine for one in (*self.best.machines, *self.worst.machines)]
        alerts = [one.machine for one in (*self.critical()[:LISTED], *self.silent()[:LISTED])]
        return list(dict.fromkeys([*ranked, *alerts, *list(self.sold_out())[:LISTED]]))

    def cash(self) -> Figures:
        """What was paid in cash."""
        paid: Figures = self.sold.get("payments", {}).get("cash", {})
        return paid

    def currency(self) -> str | None:
        """The only one in which it sold, that day or the week before; None where there is not exactly one."""
        found = {*self.sold.get("revenue", {}), *self.before.get("revenue", {})}
        return found.pop() if len(found) == 1 else None
