"""Alerts: what is wrong with a machine now, at most one per (machine, rule, component). Pure.

That there is one document is why there is one alert. The order of the evidence that it was evaluated on only
grows, so evidence that arrives late or twice changes nothing. A transition carries its notification in the
same write: no crash separates them.
"""

from dataclasses import dataclass
from typing import NamedTuple

from msgspec import structs

from vending.alerts.outbox import idempotency_key
from vending.documents.alerts import Alert, Change, Detail, Episode, Notification


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule (see :mod:`vending.alerts.rules`) finds in one component of a machine, on evidence of that
    order.

    Orders of one rule compare as tuples: the stock's revision, or the order of the newest register.
    """

    machine: str
    rule: str
    component: str
    order: tuple[int, ...]
    firing: bool | None
    """None between two thresholds (hysteresis): an open alert stays open, a closed one closed."""
    at: int
    """Milliseconds since 1970 UTC of the evidence."""
    detail: Detail

    @property
    def id(self) -> str:
        """The alert document that it is about."""
        return f"current:{self.rule}:{self.component}"


class Transition(NamedTuple):
    """What one write changes: the alert, and the episode that ended, if one did."""

    alert: Alert
    ended: Episode | None


def transition(held: Alert | None, finding: Finding, now: int) -> Transition | None:
    """What the finding changes; None where the alert says the same already, where the finding says nothing,
    and where it is stale: the alert was evaluated on evidence at least as new.

    ``now`` (ms) is when the notification goes into the outbox.
    """
    opened = held is not None and held.state == "open"
    if (
        finding.firing is None
        or opened == finding.firing
        or (held is not None and finding.order <= tuple(held.evaluated_on))
    ):
        return None
    before = held or _new(finding)
    alert = structs.replace(
        before,
        state="open" if finding.firing else "closed",
        episode=before.episode + 1 if finding.firing else before.episode,
        since=finding.at,
        evaluated_on=list(finding.order),
        detail=finding.detail,
    )
    alert = alert.with_outbox([*alert.outbox, _notification(alert, finding, now)])
    return Transition(alert, None if finding.firing else _episode(before, finding))


def withdrawn(held: Alert, now: int) -> Transition:
    """The alert, whose evidence an operator took away, and the episode that ended if it was open.

    It is closed, and told by the next sweep; the next evidence may be of any order.
    """
    anew = structs.replace(held, evaluated_on=[])
    finding = Finding(held.machine_id, held.rule, held.component, (0,), False, now, {"withdrawn": True})
    closed = transition(anew, finding, 0)
    if closed is None:
        return Transition(anew, None)
    return Transition(structs.replace(closed.alert, evaluated_on=[]), closed.ended)


def _new(finding: Finding) -> Alert:
    return Alert(
        id=finding.id,
        machine_id=finding.machine,
        rule=finding.rule,
        component=finding.component,
        episode=0,
        outbox=[],
        state="closed",
        since=finding.at,
        evaluated_on=[],
        detail={},
        pending=False,
    )


def _episode(alert: Alert, finding: Finding) -> Episode:
    return Episode(
        id=f"episode:{finding.rule}:{finding.component}:{alert.episode}",
        machine_id=finding.machine,
        rule=finding.rule,
        component=finding.component,
        episode=alert.episode,
        opened=alert.since,
        closed=finding.at,
        detail=alert.detail,
    )


def _notification(alert: Alert, finding: Finding, now: int) -> Notification:
    change: Change = "opened" if finding.firing else "closed"
    return Notification(
        idempotency_key=idempotency_key(alert, change),
        machine_id=finding.machine,
        alert_id=finding.id,
        rule=finding.rule,
        component=finding.component,
        change=change,
        episode=alert.episode,
        at=finding.at,
        detail=finding.detail,
        pending_since=now,
        queued_at=now,
    )
