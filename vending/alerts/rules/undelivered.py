"""``undelivered``: notifications do not reach people by one of the channels, which the others tell."""

from vending.alerts.channels import MAIL, WEBHOOK, kind
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import GivenUp
from vending.alerts.transitions import Finding
from vending.business_day import instant
from vending.documents.alerts import Detail

FAILING = 60 * 60_000
"""Milliseconds for which nothing gets through to a channel."""
POISON = "poison"
"""The component of messages that ended in the queue ``notifications-poison``."""


class Undelivered(Rule[GivenUp]):
    """Open for a day after the newest that was given up, and while nothing gets through."""

    name = "undelivered"
    evidence = GivenUp
    closes = "time"
    severity = "critical"
    title = "Notifications do not arrive: {}"
    component = "`webhook`, `mail`, `poison`"
    opens = (
        "notifications were given up, or none has got through to a channel for an hour; messages are in the"
        " queue `notifications-poison`"
    )
    closes_when = (
        "none was given up for a day, and one got through; the queue is empty."
        " The machine is `$notifications`"
    )
    times = frozenset({"failingSince"})

    def findings(self, evidence: GivenUp) -> list[Finding]:
        """One for each channel, and one for the poison queue."""
        poisoned: Detail = {"count": evidence.poisoned} if evidence.poisoned else {}
        return [
            _finding(evidence, WEBHOOK, *_of_channel(evidence, WEBHOOK)),
            _finding(evidence, MAIL, *_of_channel(evidence, MAIL)),
            _finding(evidence, POISON, poisoned, evidence.now),
        ]

    def opened(self, facts: Facts) -> str:
        if facts.component == POISON:
            return f"{facts.detail.get('count')} messages are in the queue notifications-poison"
        if (since := facts.detail.get("failingSince")) is not None:
            return f"no notification has got through by {_by(facts)} since {instant(since)}"
        why = facts.detail.get("reason")
        return f"notifications by {_by(facts)} were given up: {why}"

    def closed(self, facts: Facts) -> str:
        if facts.component == POISON:
            return "the queue notifications-poison is empty"
        return f"notifications get through by {_by(facts)}, and none was given up for a day"


def _by(facts: Facts) -> str:
    return "mail" if facts.component == MAIL else f"the {facts.component}"


def _of_channel(evidence: GivenUp, channel: str) -> tuple[Detail, int]:
    """What is wrong with a kind of channel, and since when; nothing where nothing is."""
    lost = [one for one in evidence.notifications if kind(one.channel or WEBHOOK) == channel]
    since = evidence.failing.get(channel, evidence.now)
    newest = max(lost, key=lambda one: one.at, default=None)
    detail: Detail = {"count": len(lost), "reason": newest.reason} if newest else {}
    if evidence.now - since >= FAILING:
        return detail | {"failingSince": since}, since
    return detail, newest.at if newest else evidence.now


def _finding(evidence: GivenUp, component: str, detail: Detail, at: int) -> Finding:
    return Finding(
        machine=GivenUp.subject,
        rule=Undelivered.name,
        component=component,
        order=(evidence.now,),
        firing=bool(detail),
        at=at,
        detail=detail or {"count": 0},
    )
