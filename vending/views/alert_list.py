"""The read model of alerts: those that are open, in any state that people brought them into, and the episodes
that are over; of the fleet, a route, a site or a machine, newest first, in pages.

What is open is one query of the open alerts alone, which an instance makes at most once in two seconds for
all who look; of one machine it is a query of its own partition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from vending.alerts import rules
from vending.answer import Answer
from vending.documents.alerts import Alert, Episode, Severity
from vending.time import millis
from vending.views import alert_history, alert_rows
from vending.views.alert_history import Position
from vending.views.alert_rows import AlertRow
from vending.views.alerts import OpenDocuments, open_documents, open_of, undelivered
from vending.views.cursors import cursor
from vending.views.stores import ViewStores
from vending.views.whereabouts import Places, Whereabouts, places

State = Literal["open", "unattended", "acknowledged", "snoozed", "closed", "resolved"]
"""``unattended``: open, and nobody acknowledged or snoozed it; ``resolved``: closed by hand."""
OVER: tuple[State, ...] = ("closed", "resolved")
AHEAD = timedelta(days=1)
"""How far the clocks of devices may be ahead, by which episodes end."""


@dataclass(frozen=True)
class AlertQuery:
    """Which alerts. ``since`` and ``until`` (ms) are of the opening; of what is over, of the closing."""

    state: State = "open"
    rule: str | None = None
    severity: Severity | None = None
    site: str | None = None
    route: str | None = None
    machine: str | None = None
    since: int = 0
    until: int | None = None
    limit: int = 100
    after: Position | None = None


class AlertPage(Answer, frozen=True, kw_only=True):
    """A page of alerts, newest first."""

    alerts: list[AlertRow]
    next: Annotated[str | None, Meta(description="`after` of the next page; null on the last one.")]
    matching: Annotated[int | None, Meta(description="How many match on all pages; null of what is over.")]
    open: Annotated[int, Meta(description="How many are open, whatever was asked for.")]
    undelivered: Annotated[int, Meta(description="Notifications given up in the last day, of any alert.")]
    defective: Annotated[int, Meta(description="More that match or are open, and malformed.")] | UnsetType = (
        UNSET
    )


async def alerts(stores: ViewStores, query: AlertQuery, now: datetime) -> AlertPage:
    """Alerts of the fleet. Raises Transient."""
    return await _page(stores, query, await open_documents(stores, now), now)


async def machine_alerts(stores: ViewStores, query: AlertQuery, machine: str, now: datetime) -> AlertPage:
    """Alerts of one machine; ``open`` are its own."""
    held = OpenDocuments(await open_of(stores, machine, now), 0)
    return await _page(stores, query, held, now)


async def _page(stores: ViewStores, query: AlertQuery, held: OpenDocuments, now: datetime) -> AlertPage:
    where = await places(stores, now)
    broken, matching = held.defective, None
    if query.state in OVER:
        found = await alert_history.history(stores.alerts, _over(query, where, now), query.limit)
        rows = [alert_rows.of_episode(one, where.of(one.machine_id)) for one in found.episodes]
        after, broken = found.next, broken + found.defective
    else:
        wanted = [alert for alert in held.alerts if _wants(query, alert, where.of(alert.machine_id))]
        shown, after = _next(wanted, query)
        rows, matching = [alert_rows.of_open(one, where.of(one.machine_id)) for one in shown], len(wanted)
    return AlertPage(
        alerts=rows,
        next=None if after is None else cursor(*after),
        matching=matching,
        open=len(held.alerts),
        undelivered=await undelivered(stores, now),
        defective=broken or UNSET,
    )


def _next(wanted: Sequence[Alert], query: AlertQuery) -> tuple[list[Alert], Position | None]:
    """The alerts after the cursor, and the next one."""
    ordered = sorted(wanted, key=_position, reverse=True)
    rest = [alert for alert in ordered if query.after is None or _position(alert) < query.after]
    page = rest[: query.limit]
    return page, _position(page[-1]) if len(rest) > len(page) else None


def _position(alert: Alert) -> Position:
    return Position(alert.since, alert.machine_id, alert.id)


def _wants(query: AlertQuery, alert: Alert, where: Whereabouts) -> bool:
    attended = alert.acknowledged is not None, alert.snoozed_until is not None
    states = {
        "open": True,
        "unattended": not any(attended),
        "acknowledged": attended[0],
        "snoozed": attended[1],
    }
    return (
        states[query.state]
        and query.machine in (None, alert.machine_id)
        and query.since <= alert.since
        and (query.until is None or alert.since < query.until)
        and query.severity in (None, rules.severity_of(alert))
        and _is_of(query, alert, where)
    )


def _is_of(query: AlertQuery, one: Alert | Episode, where: Whereabouts) -> bool:
    return (
        query.rule in (None, one.rule)
        and query.site in (None, where.site)
        and query.route in (None, where.route)
    )


def _over(query: AlertQuery, where: Places, now: datetime) -> alert_history.Wanted:
    def has(episode: Episode) -> bool:
        by_hand = episode.ended is not None and episode.ended.how == "hand"
        severity = rules.named(episode.rule).severity
        return (
            (by_hand or query.state != "resolved")
            and query.severity in (None, severity)
            and _is_of(query, episode, where.of(episode.machine_id))
        )

    end = millis(now + AHEAD) if query.until is None else query.until
    before = query.after or Position(end)
    return alert_history.Wanted(query.since, before, query.machine, query.rule, has)
