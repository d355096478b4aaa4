"""Sums of a range of business days beside those of the range before it, broken down. Pure.

A range is whole days; the one before it is as long and ends the day before it begins. What is summed are the
figures of the rollups (:mod:`vending.rollups.tree`): integers, money in minor units by currency, and
currencies are never summed. What has no name of its own in a breakdown stands last, as ``$other``.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from vending.answer import Answer
from vending.business_day import hours_of, shift
from vending.documents.days import Figures
from vending.rollups.breakdowns import folded, ranked
from vending.rollups.tree import OTHER, add, by_category

By = Literal["day", "hour", "product", "category", "payment", "site", "route"]
PARTS: Mapping[By, str] = {"hour": "hours", "product": "skus", "category": "skus", "payment": "payments"}
"""Breakdown → the part of the figures that it is made of."""
COUNTS = ("vends", "units", "free", "test", "failures")
MONEY = ("revenue", "tax", "discounts")
Money = Annotated[dict[str, int], Meta(description="ISO 4217 currency → minor units; never summed.")]


class Span(NamedTuple):
    """Business days, the last included."""

    first: str
    last: str

    @property
    def days(self) -> list[str]:
        """In order."""
        found = [self.first]
        while found[-1] < self.last:
            found.append(shift(found[-1], 1))
        return found

    @property
    def before(self) -> "Span":
        """As many days, just before."""
        return Span(shift(self.first, -len(self.days)), shift(self.first, -1))


class DaySales(Answer, frozen=True, kw_only=True):
    """What was sold; vends, units and money are of paid vends."""

    vends: int
    units: int
    free: Annotated[int, Meta(description="Vends that were given away.")]
    test: Annotated[int, Meta(description="Vends of a test; in no other figure.")]
    failures: Annotated[int, Meta(description="Vends that gave nothing out.")]
    revenue: Money
    tax: Annotated[Money, Meta(description="As the devices reported it.")]
    discounts: Annotated[Money, Meta(description="As the devices reported it.")]


class SumRow(DaySales, frozen=True, kw_only=True):
    """One of the breakdown, and the same of the range before."""

    key: Annotated[str, Meta(description="Day, hour, SKU, category, payment method, site or route.")]
    name: Annotated[str | None, Meta(description="Of a product or a site, by today's catalog.")] = None
    computed_at: Annotated[str | None, Meta(description="Of a day: when its sums changed last.")] = None
    late_units: Annotated[
        int | None, Meta(description="Of a machine's day: units that were counted after it had closed.")
    ] = None
    before: DaySales


class Total(DaySales, frozen=True, kw_only=True):
    """The whole range, and the one before it."""

    before: DaySales


class Both(NamedTuple):
    """Figures of a range, and of the one before it."""

    now: Figures
    before: Figures


def sales(figures: Mapping[str, object]) -> dict[str, object]:
    """The figures without their breakdowns, zeros included."""
    return {name: figures.get(name, 0) for name in COUNTS} | {name: figures.get(name, {}) for name in MONEY}


def summed(days: Iterable[Figures]) -> Figures:
    """The sum of some days; they are not changed by it."""
    result: Figures = {}
    for figures in days:
        add(result, figures)
    return result


def total(both: Both) -> Total:
    """The whole."""
    return Total(**sales(both.now), before=DaySales(**sales(both.before)))  # type: ignore[arg-type]


def row(key: str, both: Both) -> SumRow:
    """One of a breakdown."""
    return SumRow(key=key, **sales(both.now), before=DaySales(**sales(both.before)))  # type: ignore[arg-type]


def broken_down(both: Both, by: By, categories: Mapping[str, str]) -> tuple[Figures, Figures]:
    """The breakdown of either range: name → figures. ``categories``: SKU → category, of today."""
    if by == "category":
        return by_category(both.now, categories), by_category(both.before, categories)
    return both.now.get(PARTS[by], {}), both.before.get(PARTS[by], {})


def ranked_rows(now: Figures, before: Figures, most: int) -> list[SumRow]:
    """At most so many names, what left the machines most first, and the sum of all others: of either range
    in the same row."""
    names = [*ranked(now), *ranked({name: before[name] for name in before.keys() - now.keys()})][:most]
    now, before = (folded(part, [name for name in names if name in part]) for part in (now, before))
    shown = [*names, *([OTHER] if OTHER in now or OTHER in before else [])]
    return [row(name, Both(now.get(name, {}), before.get(name, {}))) for name in shown]


def hour_rows(now: Figures, before: Figures, clock: Iterable[str]) -> list[SumRow]:
    """By the clock: every hour that a day of the range has, and any other in which something was sold."""
    named = {*clock, *now, *before} - {OTHER}
    shown = [*sorted(named), *([OTHER] if OTHER in now or OTHER in before else [])]
    return [row(hour, Both(now.get(hour, {}), before.get(hour, {}))) for hour in shown]


def clock_of(days: Iterable[str], zone: str) -> set[str]:
    """The hours of some days in a zone, with ``02b`` where one of them has that hour twice."""
    return {hour for day in days for hour in hours_of(day, zone)}


def rest(whole: Figures, parts: Iterable[Figures]) -> Figures:
    """What the whole has beyond its parts, breakdowns left out; zeros too. While rollups are under way it may
    be below zero: the parts are told before the whole."""
    return _less(_flat(whole), _flat(summed(parts)))


def _flat(figures: Figures) -> Figures:
    return {name: figures[name] for name in (*COUNTS, *MONEY) if name in figures}


def _less(whole: Figures, part: Figures) -> Figures:
    result: Figures = {}
    for name in whole.keys() | part.keys():
        left, taken = whole.get(name, 0), part.get(name, 0)
        nested = isinstance(left or taken, dict)
        value = _less(left or {}, taken or {}) if nested else left - taken
        if value:
            result[name] = value
    return result


def scope_rows(found: Mapping[str, Both], whole: Both, most: int) -> list[SumRow]:
    """Scopes below another one, as :func:`ranked_rows`; what the whole has beyond them is in ``$other``."""
    now = {name: both.now for name, both in found.items()}
    before = {name: both.before for name, both in found.items()}
    for part, all_of_it in ((now, whole.now), (before, whole.before)):
        if more := rest(all_of_it, part.values()):
            part[OTHER] = more
    return ranked_rows(now, before, most)
