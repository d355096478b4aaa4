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
Outcome = Literal["waiting", "taken", "refused"]
"""Of a notification: nobody took it yet, somebody did, or a channel refused it for good."""


def idempotency_key(alert: Alert, change: Change) -> str:
    """Of the notification of that change in the alert's latest episode."""
    return "/".join((alert.machine_id, alert.rule, alert.component, str(alert.episode), change))


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
    reached = (alert.episode, alert.state == "closed")
    return "unseen" if reached < (message.episode, message.change == "closed") else "completed"


def given_up(entry: Notification, refusal: Refusal, channel: str = WEBHOOK) -> UndeliveredNotification:
    """The document of a notification that nobody will get by that channel."""
    by = "" if channel == WEBHOOK else f":{channel}"
    return UndeliveredNotification(
        id=f"undelivered:{entry.rule}:{entry.component}:{entry.episode}:{entry.change}{by}",
        machine_id=entry.machine_id,
        state="open",
        idempotency_key=entry.idempotency_key,
        reason=refusal.reason,
        at=refusal.at,
        channel=channel if by else None,
    )


def outcome(alert: Alert) -> Outcome:
    """What became of the notification of the alert's latest change."""
    key = idempotency_key(alert, "opened" if alert.state == "open" else "closed")
    if any(entry.idempotency_key == key and not entry.done for entry in alert.outbox):
        return "waiting"
    refused = any(refusal.idempotency_key == key for refusal in alert.undelivered or ())
    return "refused" if refused else "taken"


def _queued_again(entry: Notification, now: int) -> Notification:
    return structs.replace(
        entry,
        queued_at=now,
        attempts=(entry.attempts or 1) + 1,
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
