"""A notification from the queue → the webhook and one log line, and out of the alert's outbox.

Delivered at least once: a receiver that sees a key twice has seen it. What the outbox holds no more is not
posted again, and what comes above the minute's bound waits there for the digest (see notify_digest). A
refusal is logged and kept; one that may heal is final after a day.
"""

import logging
from datetime import datetime
from typing import Any

from vending.alerts import alerts
from vending.alerts.raise_alerts import readable
from vending.errors import Refused, Rejected, Transient
from vending.notifications import post_window
from vending.notifications.notifications import payload, text
from vending.notifications.outgoing import Outgoing, change_window, settle
from vending.ports import Stored
from vending.time import millis

log = logging.getLogger(__name__)
Message = dict[str, Any]


async def notify(message: Message, outgoing: Outgoing, now: datetime) -> None:
    """Deliver one notification, if it is still owed and the minute has room for it.

    Raises Transient: the queue delivers the message again, or the sweep does.
    """
    if outgoing.full == post_window.minute_of(now):
        return
    stored = await _owed(message, outgoing, now)
    if stored is None or not await _has_room(outgoing, now):
        return
    key = message["idempotencyKey"]
    [entry] = [entry for entry in stored.body["outbox"] if entry["idempotencyKey"] == key]
    reason = await delivered(outgoing, entry, now)
    refusals = {} if reason is None else {key: {"reason": reason, "at": millis(now)}}
    await settle(stored, [key], refusals, outgoing.alerts)


async def delivered(outgoing: Outgoing, entry: Message, now: datetime) -> str | None:
    """Post one entry of an outbox: None when it was taken, or why it is given up. Raises Transient."""
    key = entry["idempotencyKey"]
    try:
        if outgoing.webhook is not None:
            await outgoing.webhook.post(payload(entry), key)
    except Rejected as fault:
        reason = str(fault)
    except Refused as fault:
        if not alerts.expired(entry, millis(now)):
            raise
        reason = str(fault)
    else:
        log.info("notification %s: %s", key, text(entry))
        return None
    log.error("notification %s was refused and is given up: %s", key, reason)
    return reason


async def _owed(message: Message, outgoing: Outgoing, now: datetime) -> Stored | None:
    """The alert that owes the message's notification; None where that was settled meanwhile.

    Raises Transient where the write that owed it cannot be seen yet. After a while that write is gone (the
    alert was deleted), and the message with it: what is really owed, the sweep finds.
    """
    stored = await outgoing.alerts.read(message["machineId"], message["alertId"])
    found = alerts.standing(readable(stored).body if stored else None, message)
    if found == "unseen" and millis(now) - message["queued"] < alerts.PATIENCE:
        raise Transient(f"alert {message['machineId']}/{message['alertId']} cannot be seen yet")
    return stored if found == "owed" else None


async def _has_room(outgoing: Outgoing, now: datetime) -> bool:
    """Whether the minute takes one more post. If not, the digest tells this one."""
    minute, room = post_window.minute_of(now), True
    if outgoing.webhook is None:
        return True  # A line of the log needs no bound.

    def ask(window: dict[str, Any] | None) -> dict[str, Any]:
        nonlocal room
        after, room = post_window.let_through(window, minute, outgoing.posts_per_minute)
        return after

    await change_window(outgoing.alerts, ask)
    if not room:
        outgoing.full = minute
    return room
