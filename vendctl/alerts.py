"""Alerts as operators read them: the open ones, and one whole with its episodes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, get_args

from msgspec import to_builtins

from vending.alerts import rules
from vending.alerts.attend import AlertName, UnknownAlert
from vending.alerts.held import newest_episodes, read, select, select_of_fleet
from vending.alerts.rules.base import Severity
from vending.business_day import instant
from vending.documents.alerts import Act, Alert, Episode
from vending.ports import Documents, Filter
from vending.views import alert_view

EPISODES = 10
"""Of an alert, the newest."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open alerts: of a machine, of a rule; None: of any. ``unattended``: only those that nobody has
    acknowledged or snoozed."""

    machine: str | None = None
    rule: str | None = None
    unattended: bool = False

    def has(self, alert: Alert) -> bool:
        """Whether it is one of them."""
        attended = alert.acknowledged is not None or alert.snoozed_until is not None
        return self.rule in (None, alert.rule) and not (self.unattended and attended)


class Shown(NamedTuple):
    """An alert and its newest episodes that are over, the newest first."""

    alert: Alert
    episodes: Sequence[Episode]


async def listed(documents: Documents, wanted: Wanted) -> list[Alert]:
    """The open alerts, the most severe first, of those the newest."""
    is_open: Filter = ("state", "=", "open")
    if wanted.machine is None:
        held = [one async for one in select_of_fleet(documents, Alert, is_open)]
    else:
        held = [one async for one in select(documents, Alert, wanted.machine, is_open)]
    found = [one.document for one in held if one is not None and wanted.has(one.document)]
    return sorted(found, key=lambda alert: (_rank(alert), -alert.since, alert.machine_id, alert.id))


async def shown(documents: Documents, name: AlertName) -> Shown:
    """One alert. Raises UnknownAlert."""
    held = await read(documents, Alert, name.machine, name.id)
    if held is None:
        raise UnknownAlert(f"there is no alert {name}")
    return Shown(held.document, await newest_episodes(documents, held.document, EPISODES))


def snooze_end(now: datetime, until: datetime | None, hours: float | None, end: bool) -> datetime:
    """Until when to snooze. Raises ValueError unless it is said in one way."""
    if [until is not None, hours is not None, end].count(True) != 1:
        raise ValueError("say --until TIME, --hours N, or --end")
    return until or now + timedelta(hours=hours or 0)


def figures(alert: Alert) -> Json:
    """Everything that people want to know of an alert, as JSON."""
    resolved = alert.resolved
    shown: Json = to_builtins(alert_view.describe(alert))
    return shown | {
        "state": alert.state,
        "severity": rules.named(alert.rule).severity,
        "history": list(map(_act, alert.history or ())),
        "resolved": None if resolved is None else _resolution(resolved.by, resolved.at, resolved.reason),
    }


def figures_of(found: Shown) -> Json:
    """An alert with its episodes."""
    return figures(found.alert) | {"episodes": list(map(_episode, found.episodes))}


def table(alerts: Sequence[Alert]) -> str:
    """A line for each open alert."""
    rows = list(map(_row, alerts))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, f"{len(alerts)} open alert{'' if len(alerts) == 1 else 's'}"])


def state(alert: Alert) -> str:
    """In one line: open or not, and what people did."""
    if alert.state == "closed":
        by = f", resolved by {alert.resolved.by}: {alert.resolved.reason}" if alert.resolved else ""
        return f"closed{by}"
    parts = ["open" if alert.acknowledged is None else f"acknowledged by {alert.acknowledged.by}"]
    parts += [f"snoozed until {_minute(alert.snoozed_until)}"] if alert.snoozed_until is not None else []
    parts += [f"owner {alert.owner}"] if alert.owner else []
    parts += [f"level {alert.level}"] if alert.level else []
    return ", ".join(parts)


def explain(found: Shown) -> str:
    """One alert whole, for people."""
    alert = found.alert
    view = alert_view.describe(alert)
    lines = [
        f"{alert.machine_id}: {view.title} ({rules.named(alert.rule).severity})",
        f"  {state(alert)}; since {view.since}, episode {alert.episode}",
        f"  notification {view.notification}",
        *(f"  {name}: {value}" for name, value in view.detail.items()),
        *_said(alert.history),
    ]
    for episode in found.episodes:
        lines += [_over(episode), *_said(episode.history)]
    return "\n".join(lines)


def _row(alert: Alert) -> tuple[str, ...]:
    severity, since = rules.named(alert.rule).severity, _minute(alert.since)
    return severity, alert.machine_id, alert.rule, alert.component, since, state(alert)


def _over(episode: Episode) -> str:
    ending = episode.ended
    how = "" if ending is None else f" by {ending.how}"
    if ending is not None and ending.by is not None:
        how = f" by {ending.by}: {ending.reason}"
    known = f", acknowledged by {episode.acknowledged.by}" if episode.acknowledged else ""
    times = f"{instant(episode.opened)} to {instant(episode.closed)}"
    return f"episode {episode.episode}: {times}, ended{how}{known}"


def _said(history: Iterable[Act] | None) -> list[str]:
    return [
        f"    {instant(act.at)} {act.by} {act.what}{f': {act.text}' if act.text else ''}"
        for act in history or ()
    ]


def _episode(one: Episode) -> Json:
    ending = one.ended
    return {
        "episode": one.episode,
        "opened": instant(one.opened),
        "closed": instant(one.closed),
        "ended": ending.dump() if ending else None,
        "acknowledged": to_builtins(alert_view.stamp(one.acknowledged)),
        "owner": one.owner,
        "level": one.level or 0,
        "history": list(map(_act, one.history or ())),
    }


def _act(act: Act) -> Json:
    return {"what": act.what, "by": act.by, "at": instant(act.at), "text": act.text}


def _resolution(by: str, at: int, reason: str) -> Json:
    return {"by": by, "at": instant(at), "reason": reason}


def _minute(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _rank(alert: Alert) -> int:
    return get_args(Severity).index(rules.named(alert.rule).severity)
