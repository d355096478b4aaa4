"""The outbox of an alert: notifications that stay until all channels took or refused them. Pure.

A notification is queued for the webhook when it goes in, and again with back-off by the sweep (transactional
outbox, delivery at least once); mails are sent from the outboxes. Times are milliseconds since 1970 UTC.
"""

from typing import Literal

from msgspec import structs

from vending.alerts.channels import WEBHOOK, outstanding
from vending.documents.alerts import Alert, Change, Notification, Refusal, UndeliveredNotification

RETRY_INTERVAL = 5 * 60_000
"""Milliseconds from queueing a notification to queueing it again; each further time twice as long."""
MAX_RETRY_INTERVAL = 60 * 60_000
"""Milliseconds at most: what a receiver missed in a night it has an hour later."""
RETRY_PERIOD = 24 * 60 * 60_000
"""Milliseconds for which a receiver that refuses for now (a wrong password, no such page) is asked again."""
Delivery = Literal["pending", "completed", "unseen"]
"""Of a notification to the webhook, by its alert as it was read: in the outbox, done with, or not in there
yet."""
Outcome = Literal["waiting", "taken", "refused", "snoozed"]
"""Of a notification: nobody took it yet, somebody did, a channel refused it for good, or nobody is to
hear."""


def idempotency_key(alert: Alert, change: Change) -> str:
    """Of the notification of that change in the alert's latest episode: each level and each snooze has its
    own."""
    what: str = change
    if change == "escalated":
        what = f"{change}-{alert.level}"
    elif change == "reminded":
        what = f"{change}-{alert.snoozed_until}"
    return "/".join((alert.machine_id, alert.rule, alert.component, str(alert.episode), what))


def snoozed(alert: Alert, now: int) -> bool:
    """Whether nobody is to be notified of it now. Then its outbox is empty."""
    return alert.snoozed_until is not None and now < alert.snoozed_until


def notified(alert: Alert, change: Change, at: int, now: int, *, queued: bool = True) -> Alert:
    """The alert with the notification of its change in the outbox; as it is where it is snoozed.

    ``queued``: whoever writes it sends it to the queue too; else the next sweep does.
    """
    if snoozed(alert, now):
        return alert
    closing = alert.resolved
    entry = Notification(
        idempotency_key=idempotency_key(alert, change),
        machine_id=alert.machine_id,
        alert_id=alert.id,
        rule=alert.rule,
        component=alert.component,
        change=change,
        episode=alert.episode,
        at=at,
        detail=alert.detail,
        severity=alert.severity,
        pending_since=now,
        queued_at=now if queued else 0,
        level=alert.level if change == "escalated" else None,
        by=closing.by if closing else None,
        reason=closing.reason if closing else None,
    )
    return alert.with_outbox([*alert.outbox, entry])


def transition_entry(alert: Alert) -> Notification | None:
    """The notification of the alert's latest opening or closing, if that is pending."""
    key = _transition_key(alert)
    return next((entry for entry in alert.outbox if entry.idempotency_key == key), None)


def due(alert: Alert, now: int) -> list[Notification]:
    """Notifications that it is time to queue again, for the webhook: one that waits in a long queue is not
    joined by a second one for each look at it."""
    return [entry for entry in alert.outbox if _due(entry, now)]


def requeued(alert: Alert, now: int) -> Alert:
    """The alert with its due notifications marked as queued now, once more."""
    outbox = [_queued_again(entry, now) if _due(entry, now) else entry for entry in alert.outbox]
    return structs.replace(alert, outbox=outbox)


def expired(entry: Notification, now: int) -> bool:
    """Whether it has been pending for so long that a receiver's refusal is final."""
    return 0 < _pending_since(entry) < now - RETRY_PERIOD


def age(entry: Notification, now: int) -> int:
    """Milliseconds that it has been pending; since 1970 where it was never queued."""
    return now - _pending_since(entry)


def delivery(alert: Alert | None, message: Notification) -> Delivery:
    """What the alert says of a message from the queue.

    A read may be older than the write that queued the message: such an alert has not come as far as that.
    """
    if alert is None:
        return "unseen"
    key = message.idempotency_key
    if any(entry.idempotency_key == key and outstanding(entry, WEBHOOK) for entry in alert.outbox):
        return "pending"
    reached = (alert.episode, alert.state == "closed", alert.level or 0)
    if reached < (message.episode, message.change == "closed", message.level or 0):
        return "unseen"
    snooze_ended = message.change != "reminded" or alert.snoozed_until != message.at
    return "completed" if snooze_ended else "unseen"


def given_up(entry: Notification, refusal: Refusal, channel: str = WEBHOOK) -> UndeliveredNotification:
    """The document of a notification that nobody will get by that channel."""
    change, by = entry.idempotency_key.rpartition("/")[2], "" if channel == WEBHOOK else f":{channel}"
    return UndeliveredNotification(
        id=f"undelivered:{entry.rule}:{entry.component}:{entry.episode}:{change}{by}",
        machine_id=entry.machine_id,
        state="open",
        idempotency_key=entry.idempotency_key,
        reason=refusal.reason,
        at=refusal.at,
        channel=channel if by else None,
    )


def outcome(alert: Alert) -> Outcome:
    """What became of the notification of the alert's latest opening or closing, or of what is told since."""
    if alert.snoozed_until is not None:
        return "snoozed"
    latest = (alert.episode, alert.state == "closed")
    if any((x.episode, x.change == "closed") == latest and not x.done for x in alert.outbox):
        return "waiting"
    key = _transition_key(alert)
    refused = any(refusal.idempotency_key == key for refusal in alert.undelivered or ())
    return "refused" if refused else "taken"


def _transition_key(alert: Alert) -> str:
    return idempotency_key(alert, "opened" if alert.state == "open" else "closed")


def _queued_again(entry: Notification, now: int) -> Notification:
    return structs.replace(
        entry,
        queued_at=now,
        attempts=(entry.attempts or 1) + 1 if entry.queued_at else None,
        pending_since=_pending_since(entry) or now,
    )


def _pending_since(entry: Notification) -> int:
    """0 where it was never queued. Older versions noted only when it was queued last."""
    return entry.pending_since or entry.queued_at


def _due(entry: Notification, now: int) -> bool:
    return outstanding(entry, WEBHOOK) and _retry_at(entry) < now


def _retry_at(entry: Notification) -> int:
    """When it is queued again."""
    doubled = RETRY_INTERVAL * 2 ** min((entry.attempts or 1) - 1, 10)
    return entry.queued_at + int(min(doubled, MAX_RETRY_INTERVAL))
