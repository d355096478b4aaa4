"""Alerts: what is wrong with a machine now, at most one per (machine, rule, component). Pure.

That there is one document is why there is one alert. The order of the evidence that it was evaluated on only
grows, so evidence that arrives late or twice changes nothing. A transition carries its notification in the
same write: no crash separates them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import structs

from vending.alerts.outbox import notified, snoozed
from vending.documents.alerts import Alert, Detail, Ending, Episode, Severity

REOPENS_AFTER = 24 * 60 * 60_000
"""Milliseconds for which an alert that was resolved by hand stays closed though its rule goes on firing."""


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
    """None where it is neither: between the threshold that opens and the one that closes (hysteresis)."""
    at: int
    """Milliseconds since 1970 UTC of the evidence."""
    detail: Detail
    catalog: int = 0
    """The version of the catalog whose policy it was evaluated by; 0 where there is no policy."""
    severity: Severity | None = None
    """By that policy; None for the rule's own."""

    @property
    def id(self) -> str:
        """The alert document that it is about."""
        return f"current:{self.rule}:{self.component}"


class Transition(NamedTuple):
    """What one write changes: the alert, and the episode that ended, if one did."""

    alert: Alert
    ended: Episode | None


def transition(
    held: Alert | None, finding: Finding, now: int, escalate_after: Sequence[int] = ()
) -> Transition | None:
    """What the finding changes; None where the alert says the same already, where the finding says neither,
    and where it is stale: the alert was evaluated on evidence at least as new.

    ``now`` (ms) is when the notification goes into the outbox; ``escalate_after``: milliseconds from there to
    its first escalation, from that to the next, and so on.
    """
    if finding.firing is None or (held is not None and _stale(finding, held)):
        return None
    if held is not None and held.state == "closed" and held.resolved is not None:
        if not finding.firing:
            return Transition(_cleared(held, finding), None)
        if now < (held.due_at or 0):
            return None
    if finding.firing == (held is not None and held.state == "open"):
        return None
    if held is None or finding.firing:
        return Transition(_opened(held or _new(finding), finding, now, escalate_after), None)
    ended = closed(held, finding, Ending(how="evidence"), now)
    return Transition(notified(ended.alert, "closed", finding.at, now), ended.ended)


def closed(held: Alert, finding: Finding, ending: Ending, now: int) -> Transition:
    """The alert without what people did in the episode, and that episode. Nobody is notified of it yet."""
    alert = structs.replace(
        _unattended(held, now),
        state="closed",
        since=finding.at,
        evaluated_on=list(finding.order),
        detail=finding.detail,
        catalog=_newest(held, finding),
    )
    return Transition(alert, _episode(held, finding.at, ending))


def by_older_policy(finding: Finding, held: Alert) -> bool:
    """Whether the alert was evaluated by a newer version of the catalog than the finding."""
    return finding.catalog < (held.catalog or 0)


def _stale(finding: Finding, held: Alert) -> bool:
    """Older in either: in the order of its evidence, or in the catalog. Or the same in both."""
    order = tuple(held.evaluated_on)
    if finding.order < order or by_older_policy(finding, held):
        return True
    return finding.order == order and finding.catalog == (held.catalog or 0)


def withdrawn(held: Alert, now: int) -> Transition:
    """The alert, whose evidence an operator took away, and the episode that ended if it was open.

    It is closed, and told by the next sweep; the next evidence may be of any order.
    """
    if held.state == "closed":
        return Transition(structs.replace(held, evaluated_on=[], resolved=None, due_at=None), None)
    nothing = Finding(held.machine_id, held.rule, held.component, (), False, now, {"withdrawn": True})
    ended = closed(held, nothing, Ending(how="withdrawn"), now)
    return Transition(notified(ended.alert, "closed", now, now, queued=False), ended.ended)


def _opened(before: Alert, finding: Finding, now: int, escalate_after: Sequence[int]) -> Alert:
    alert = structs.replace(
        _unattended(before, now),
        state="open",
        episode=before.episode + 1,
        since=finding.at,
        evaluated_on=list(finding.order),
        detail=finding.detail,
        catalog=_newest(before, finding),
        severity=finding.severity,
    )
    first = now + escalate_after[0] if escalate_after else None
    alert.due_at = alert.snoozed_until if snoozed(alert, now) else first
    return notified(alert, "opened", finding.at, now)


def _cleared(held: Alert, finding: Finding) -> Alert:
    """One that was resolved by hand, now that its rule is clear: from here on it opens as any other."""
    return structs.replace(
        held,
        resolved=None,
        due_at=None,
        evaluated_on=list(finding.order),
        catalog=_newest(held, finding),
    )


def _newest(held: Alert, finding: Finding) -> int | None:
    """The version of the catalog by which the alert is evaluated now."""
    return max(finding.catalog, held.catalog or 0) or None


def _unattended(alert: Alert, now: int) -> Alert:
    """Without what people did in an episode; a snooze lasts beyond it."""
    until = alert.snoozed_until if snoozed(alert, now) else None
    return structs.replace(
        alert,
        acknowledged=None,
        owner=None,
        level=None,
        history=None,
        snoozed_until=until,
        resolved=None,
        due_at=None,
    )


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


def _episode(alert: Alert, at: int, ending: Ending) -> Episode:
    """What is kept of the alert's episode, which ends now."""
    return Episode(
        id=f"episode:{alert.rule}:{alert.component}:{alert.episode}",
        machine_id=alert.machine_id,
        rule=alert.rule,
        component=alert.component,
        episode=alert.episode,
        opened=alert.since,
        closed=at,
        detail=alert.detail,
        ended=ending,
        acknowledged=alert.acknowledged,
        owner=alert.owner,
        level=alert.level,
        history=alert.history,
    )
