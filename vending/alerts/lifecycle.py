"""What people do with an open alert (acknowledge, snooze, assign, note, resolve), and what time does. Pure.

All but the snooze belongs to one episode and ends with it. Times are milliseconds since 1970 UTC. What a
person does twice, or does again because the answer to his write was lost, changes nothing the second time.
"""

from collections.abc import Mapping, Sequence

from msgspec import structs

from vending.alerts.outbox import notified
from vending.alerts.outbox import snoozed as is_snoozed
from vending.alerts.rules.base import Severity
from vending.alerts.transitions import REOPENS_AFTER, Finding, Transition, closed
from vending.business_day import instant
from vending.documents.alerts import Act, Alert, Ending, Resolution, Stamp

MINUTE = 60_000
ESCALATE_AFTER: Mapping[Severity, Sequence[int]] = {
    "critical": (15 * MINUTE, 45 * MINUTE, 180 * MINUTE),
    "warning": (4 * 60 * MINUTE, 24 * 60 * MINUTE),
    "info": (),
}
"""From the opening to level 1, from there to level 2, and so on, while nobody acknowledges."""
LONGEST_SNOOZE = 30 * 24 * 60 * MINUTE
"""What is snoozed for longer is forgotten."""
NAME_LENGTH, TEXT_LENGTH = 100, 1_000
"""Characters of a person's name, and of a note or reason."""
ACTS_KEPT = 50
"""Of an episode, the newest."""


class NotOpen(ValueError):
    """Only an open alert can be attended to."""


def acknowledged(alert: Alert, by: str, now: int) -> Transition:
    """Somebody knows of it: it escalates no more. Who was first stays on record."""
    _check_open(alert)
    if alert.acknowledged is not None:
        return Transition(alert, None)
    after = structs.replace(alert, acknowledged=Stamp(by=_name(by), at=now))
    after.due_at = alert.snoozed_until
    kept = [entry for entry in alert.outbox if entry.change != "escalated"]
    return _acted(alert, after.with_outbox(kept), Act(by=by, at=now, what="acknowledged"))


def unacknowledged(alert: Alert, by: str, escalate_after: Sequence[int], now: int) -> Transition:
    """Nobody is at it any more: it escalates again, as if it had come to its level now."""
    _check_open(alert)
    if alert.acknowledged is None:
        return Transition(alert, None)
    level = alert.level or 0
    due = now + escalate_after[level] if level < len(escalate_after) else None
    after = structs.replace(alert, acknowledged=None, due_at=alert.snoozed_until or due)
    return _acted(alert, after, Act(by=_name(by), at=now, what="unacknowledged"))


def snoozed(alert: Alert, by: str, until: int, now: int) -> Transition:
    """Nobody is notified of it before ``until``; what is pending now is dropped. ``until`` of now ends a
    snooze early. Raises ValueError for other times."""
    _check_open(alert)
    if not now < until <= now + LONGEST_SNOOZE and not (until == now and is_snoozed(alert, now)):
        raise ValueError(f"{instant(until)} is no time within the next 30 days to snooze it until")
    after = structs.replace(alert.with_outbox([]), snoozed_until=until, due_at=until)
    return _acted(alert, after, Act(by=_name(by), at=now, what="snoozed", text=instant(until)))


def assigned(alert: Alert, by: str, owner: str, now: int) -> Transition:
    """It is somebody's; of nobody for an empty ``owner``."""
    _check_open(alert)
    if (alert.owner or "") == owner:
        return Transition(alert, None)
    after = structs.replace(alert, owner=_name(owner) if owner else None)
    return _acted(alert, after, Act(by=_name(by), at=now, what="assigned", text=owner or None))


def noted(alert: Alert, by: str, text: str, now: int) -> Transition:
    """A note is kept with the episode."""
    _check_open(alert)
    return _acted(alert, alert, Act(by=_name(by), at=now, what="noted", text=_text(text)))


def resolved(alert: Alert, by: str, reason: str, now: int) -> Transition:
    """Closed by hand. It opens again when its rule was clear once, or fires on newer evidence after
    :data:`REOPENS_AFTER`; the next sweep notifies of the closing."""
    resolution = Resolution(by=_name(by), at=now, reason=_text(reason))
    if alert.resolved == resolution:
        return Transition(alert, None)
    _check_open(alert)
    order = tuple(alert.evaluated_on)
    as_found = Finding(alert.machine_id, alert.rule, alert.component, order, False, now, alert.detail)
    after, episode = closed(alert, as_found, Ending(how="hand", by=by, reason=reason), now)
    after = structs.replace(after, resolved=resolution, due_at=now + REOPENS_AFTER)
    return Transition(notified(after, "closed", now, now, queued=False), episode)


def overdue(alert: Alert, escalate_after: Sequence[int], now: int) -> Alert | None:
    """The alert after what time brings: its snooze is over, of which people are reminded once, or nobody
    acknowledged it, and its notification goes out at the next level. None where nothing is due."""
    if alert.state != "open" or alert.due_at is None or now < alert.due_at:
        return None
    level = alert.level or 0
    if alert.snoozed_until is not None:
        after = notified(alert, "reminded", alert.snoozed_until, now, queued=False)
        after = structs.replace(after, snoozed_until=None)
    elif alert.acknowledged is None and level < len(escalate_after):
        level += 1
        after = notified(structs.replace(alert, level=level), "escalated", now, now, queued=False)
    else:
        after = alert
    more = alert.acknowledged is None and level < len(escalate_after)
    return structs.replace(after, due_at=now + escalate_after[level] if more else None)


def _acted(before: Alert, after: Alert, act: Act) -> Transition:
    held = before.history or []
    if act in held:
        return Transition(before, None)
    return Transition(structs.replace(after, history=[*held, act][-ACTS_KEPT:]), None)


def _check_open(alert: Alert) -> None:
    if alert.state != "open":
        raise NotOpen(f"alert {alert.machine_id}/{alert.id} is not open")


def _name(name: str) -> str:
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise ValueError(f"a name has 1 to {NAME_LENGTH} printable characters")
    return name


def _text(text: str) -> str:
    if not text.strip() or len(text) > TEXT_LENGTH:
        raise ValueError(f"a note or reason has 1 to {TEXT_LENGTH:,} characters")
    return text
