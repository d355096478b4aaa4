"""Alerts as rows of a list: open ones, and episodes that are over."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from vending.alerts import rules
from vending.alerts.outbox import Outcome, outcome
from vending.answer import Answer
from vending.business_day import instant
from vending.documents.alerts import Alert, Ending, Episode, Severity
from vending.views.alert_view import note, stamp, title, told
from vending.views.answers.alerts import Stamp
from vending.views.whereabouts import Whereabouts

CURRENT = "current:"
"""What the ids of alert documents begin with, and the ids that people read do not."""
Time = Annotated[str, Meta(description="ISO 8601, UTC.")]


class Ended(Answer, frozen=True):
    """How an episode ended."""

    how: Annotated[
        Literal["evidence", "hand", "withdrawn"],
        Meta(description="hand: by a person; withdrawn: an operator took the evidence away."),
    ]
    by: str | None
    reason: str | None


class AlertRow(Answer, frozen=True, kw_only=True):
    """An alert that is open, or one of its episodes that is over."""

    alert_id: Annotated[
        str, Meta(description="`rule:component`; of an episode that is over `episode:rule:component:number`.")
    ]
    machine_id: Annotated[str, Meta(description="`$hub` and the like stand for the app itself.")]
    site: str | None
    site_name: str | None
    route: str | None
    rule: str
    component: Annotated[str, Meta(description="Of the machine: a selection, a zone, a fault.")]
    title: Annotated[str, Meta(description="What is wrong, in a sentence.")]
    severity: Annotated[Severity, Meta(description="Of an episode that is over: the rule's own.")]
    state: Literal["open", "closed"]
    since: Annotated[str, Meta(description="When it opened.")]
    closed_at: Time | None
    ended: Ended | None
    episode: Annotated[int, Meta(description="How often it opened, this time included.")]
    notification: Annotated[Outcome | None, Meta(description="Of one that is open: what became of it.")]
    detail: Annotated[dict[str, Any], Meta(description="The facts at its opening; each rule has its own.")]
    acknowledged: Stamp | None
    owner: str | None
    snoozed_until: Time | None
    level: Annotated[int, Meta(description="How often its notification was escalated.")]
    note: Annotated[str | None, Meta(description="The newest one.")]


def facts_of_open(alert: Alert, where: Whereabouts) -> dict[str, Any]:
    """The fields of a row about an alert; of one that is closed now they are of its last episode's end."""
    is_open = alert.state == "open"
    return _shared(alert, where) | {
        "alert_id": alert.id.removeprefix(CURRENT),
        "severity": rules.severity_of(alert),
        "state": alert.state,
        "since": instant(alert.since),
        "closed_at": None if is_open else instant(alert.since),
        "ended": None,
        "notification": outcome(alert),
        "snoozed_until": None if alert.snoozed_until is None else instant(alert.snoozed_until),
    }


def of_open(alert: Alert, where: Whereabouts) -> AlertRow:
    """A row about an open alert."""
    return AlertRow(**facts_of_open(alert, where))


def facts_of_episode(episode: Episode, where: Whereabouts) -> dict[str, Any]:
    """The fields of a row about an episode that is over."""
    return _shared(episode, where) | {
        "alert_id": episode.id,
        "severity": rules.named(episode.rule).severity,
        "state": "closed",
        "since": instant(episode.opened),
        "closed_at": instant(episode.closed),
        "ended": ending(episode.ended),
        "notification": None,
        "snoozed_until": None,
    }


def of_episode(episode: Episode, where: Whereabouts) -> AlertRow:
    """A row about an episode that is over."""
    return AlertRow(**facts_of_episode(episode, where))


def ending(ended: Ending | None) -> Ended | None:
    """How an episode ended; older versions did not say."""
    return Ended(ended.how, ended.by, ended.reason) if ended else None


def _shared(one: Alert | Episode, where: Whereabouts) -> dict[str, Any]:
    return {
        "machine_id": one.machine_id,
        "site": where.site,
        "site_name": where.name,
        "route": where.route,
        "rule": one.rule,
        "component": one.component,
        "title": title(one.rule, one.component),
        "episode": one.episode,
        "detail": told(one.detail),
        "acknowledged": stamp(one.acknowledged),
        "owner": one.owner,
        "level": one.level or 0,
        "note": note(one.history),
    }
