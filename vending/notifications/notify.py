"""A notification from the queue → the webhook and one log line, and done with in the alert's outbox.

Delivered at least once: a receiver that sees a key twice has seen it. What the webhook took is not posted
again; what recipients of mails still want stays in the outbox for them (see send_mails). What comes above the
minute's bound waits there for the digest (see notify_digest). A refusal is logged and kept; one that may heal
is final after a day.
"""

import logging
from datetime import datetime

from vending.alerts import outbox
from vending.alerts.channels import WEBHOOK, Handled
from vending.alerts.held import HeldAlert, read
from vending.documents.alerts import Alert, Notification, Refusal
from vending.documents.base import Body, shaped
from vending.documents.post_window import PostWindow
from vending.errors import Refused, Rejected, Transient
from vending.notifications import post_window
from vending.notifications.outgoing import Outgoing, change_window, complete
from vending.notifications.texts import payload, text
from vending.time import millis

log = logging.getLogger(__name__)


async def notify(message: Body, outgoing: Outgoing, now: datetime) -> None:
    """Deliver the notification of a message, if it is still pending and the minute has room for it.

    Raises Transient: the queue delivers the message again, or the sweep does.
    """
    if not outgoing.posts or outgoing.full == post_window.minute_of(now):
        return
    notification = shaped(message, Notification, "a message of the queue")
    held = await _pending(notification, outgoing, now)
    window = await _room(outgoing, now) if held else None
    if held is None or window is None:
        return
    key = notification.idempotency_key
    [entry] = [entry for entry in held.document.outbox if entry.idempotency_key == key]
    failing = post_window.failing_since(window, WEBHOOK) is not None
    try:
        refusal = await deliver(outgoing, entry, now)
    except Transient:
        if not failing:
            await _note(outgoing, now, took=False)
        raise
    if failing:
        await _note(outgoing, now, took=True)
    await complete(held, {key: Handled(outgoing.others, {WEBHOOK: refusal})}, outgoing.alerts)


async def deliver(outgoing: Outgoing, entry: Notification, now: datetime) -> Refusal | None:
    """Post one entry of an outbox: None when it was taken, or why it is given up. Raises Transient."""
    key = entry.idempotency_key
    try:
        if outgoing.webhook is not None:
            await outgoing.webhook.post(payload(entry), key)
    except Rejected as fault:
        reason = str(fault)
    except Refused as fault:
        if not outbox.expired(entry, millis(now)):
            raise
        reason = str(fault)
    else:
        log.info("notification %s: %s", key, text(entry))
        return None
    log.error("notification %s was refused and is given up: %s", key, reason)
    return Refusal(idempotency_key=key, reason=reason, at=millis(now))


async def _pending(message: Notification, outgoing: Outgoing, now: datetime) -> HeldAlert | None:
    """The alert whose outbox holds the message's notification; None where that was completed meanwhile.

    Raises Transient where the write that queued it cannot be seen yet. After a while that write is gone (the
    alert was deleted), and the message with it: what is really pending, the sweep finds.
    """
    held = await read(outgoing.alerts, Alert, message.machine_id, message.alert_id)
    found = outbox.delivery(held.document if held else None, message)
    if found == "unseen" and millis(now) - message.queued_at < outbox.RETRY_INTERVAL:
        raise Transient(f"alert {message.machine_id}/{message.alert_id} cannot be seen yet")
    return held if found == "pending" else None


async def _room(outgoing: Outgoing, now: datetime) -> PostWindow | None:
    """The window, if the minute takes one more post. If not, the digest tells this one."""
    minute, room, after = post_window.minute_of(now), True, PostWindow()
    if outgoing.webhook is None:
        return after  # A line of the log needs no bound.

    def acquire(window: PostWindow | None) -> PostWindow:
        nonlocal room, after
        after, room = post_window.acquire_post(window, minute, outgoing.posts_per_minute)
        return after

    await change_window(outgoing.alerts, acquire)
    if not room:
        outgoing.full = minute
        return None
    return after


async def _note(outgoing: Outgoing, now: datetime, *, took: bool) -> None:
    """Remember in the window that nothing gets through to the webhook, or that something did again."""
    await change_window(outgoing.alerts, lambda window: post_window.tried(window, WEBHOOK, now, took=took))
