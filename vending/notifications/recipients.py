"""Who is mailed about what, and when: by severity, site, route and hours. Pure.

Hours are spans of the site's wall clock by weekday, ``{"fri": ["22:00-06:00"]}``. A span that ends before it
begins goes on into the next day, and belongs to the weekday on which it begins. One that ends where it begins
has the whole day from there on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vending.alerts.rules.base import Severity
from vending.documents.catalog import CatalogRecipient
from vending.notifications.texts import ORDER

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Hours = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a machine stands: site and route by id (route ``""``: none), the site's name and time zone."""

    site: str
    name: str
    zone: str
    route: str = ""


def fallback(addresses: Iterable[str]) -> tuple[CatalogRecipient, ...]:
    """Recipients of everything at any hour, while the catalog has none."""
    return tuple(CatalogRecipient(id=address, address=address) for address in addresses)


def wants(recipient: CatalogRecipient, severity: Severity, place: Place | None) -> bool:
    """Whether it is for the recipient at all; no place is the app itself."""
    # A severity that a newer version knows is taken for the least one: rather a mail too many.
    least = recipient.severity if recipient.severity in (*ORDER, "none") else ORDER[-1]
    if least == "none" or ORDER.index(severity) > ORDER.index(least):
        return False
    sites, routes = recipient.sites or (), recipient.routes or ()
    if not sites and not routes:
        return True
    return place is not None and (place.site in sites or place.route in routes)


def takes_now(recipient: CatalogRecipient, severity: Severity, local: datetime) -> bool:
    """Whether it is mailed at that wall clock of the site; else it waits until the hours begin."""
    if severity == "critical" and recipient.critical_always:
        return True
    return not recipient.hours or within(recipient.hours, local)


def within(hours: Hours, local: datetime) -> bool:
    """Whether a wall clock is in one of the spans."""
    minute, today = local.hour * 60 + local.minute, local.weekday()
    for begin, end in _spans(hours, today):
        if begin <= minute and (minute < end or end <= begin):
            return True
    return any(end <= begin and minute < end for begin, end in _spans(hours, today - 1))


def _spans(hours: Hours, weekday: int) -> list[tuple[int, int]]:
    """Begin and end in minutes of the day; those of a weekday, -1 being the Sunday before."""
    spans = [span.partition("-") for span in hours.get(WEEKDAYS[weekday], ())]
    return [(_minutes(begin), _minutes(end)) for begin, _, end in spans]


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
