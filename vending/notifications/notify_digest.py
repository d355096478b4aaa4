"""Everything that is pending when more came at once than a minute may post: one digest instead.

The sweep asks for it by a message in the queue; what it tells is what the outboxes hold then, so it needs no
count and no memory. Its key is a function of the notifications in it. It fails for nobody's sake: what was
not taken stays in the outboxes, and the next sweep asks again.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from vending.alerts import outbox
from vending.alerts.held import HeldAlert, select_of_fleet
from vending.documents.alerts import Alert, Notification, Refusal
from vending.errors import Refused, Rejected, Transient
from vending.notifications import post_window
from vending.notifications.notifications import digest, payload
from vending.notifications.outgoing import Outgoing, Refusals, change_window, complete
from vending.time import millis

log = logging.getLogger(__name__)
MOST = 5_000
"""Notifications of one digest: to complete them takes a request each, within the function's ten minutes."""
ASK_FOR_DIGEST = {"digest": True}
"""The queue's message that asks for one."""


@dataclass
class _Pending:
    """Alerts, the notifications that their outboxes hold, and whether that is all there is."""

    alerts: list[HeldAlert] = field(default_factory=list)
    entries: list[Notification] = field(default_factory=list)
    whole: bool = True


async def notify_digest(outgoing: Outgoing, now: datetime) -> int:
    """Post what is pending as one digest, at most one a minute; how many notifications that completed.

    Raises Transient where some of what was taken stays in its outbox: the next digest tells it again.
    """
    pending = await _pending(outgoing, now)
    done: list[Notification] = []
    if pending.entries:
        if not await _has_room(outgoing, len(pending.entries), now):
            return 0
        done, refusals = await _delivered(outgoing, pending.entries, now)
        await _complete(outgoing, pending, {entry.idempotency_key for entry in done}, refusals)
    whole = pending.whole and len(done) == len(pending.entries)
    await change_window(outgoing.alerts, lambda window: post_window.release_digest(window, now, whole=whole))
    return len(done)


async def _pending(outgoing: Outgoing, now: datetime) -> _Pending:
    """What was queued a moment ago or longer: a younger one may be on its way by itself."""
    found, before = _Pending(), millis(now) - post_window.POST_GRACE
    async for held in select_of_fleet(outgoing.alerts, Alert, ("pending", "=", True)):
        if held is None:
            continue
        entries = [entry for entry in held.document.outbox if entry.queued_at <= before]
        if len(found.entries) + len(entries) > MOST:
            found.whole = False
            break
        if entries:
            found.alerts.append(held)
            found.entries += entries
    return found


async def _has_room(outgoing: Outgoing, count: int, now: datetime) -> bool:
    return await change_window(outgoing.alerts, lambda window: post_window.acquire_digest(window, now, count))


async def _delivered(
    outgoing: Outgoing, entries: list[Notification], now: datetime
) -> tuple[list[Notification], Refusals]:
    """The notifications that are done with, and why some of them are given up."""
    message = payload(entries[0]) if len(entries) == 1 else digest(entries, outgoing.link)
    key = message["idempotencyKey"]
    try:
        if outgoing.webhook is not None:
            await outgoing.webhook.post(message, key)
    except Rejected as fault:
        given_up, reason = entries, str(fault)
    except Transient as fault:
        log.warning("digest %s of %d notifications was not taken: %s", key, len(entries), fault)
        late = [entry for entry in entries if outbox.expired(entry, millis(now))]
        given_up, reason = late if isinstance(fault, Refused) else [], str(fault)
    else:
        log.info("notification %s: %s", key, message["text"])
        return entries, {}
    if given_up:
        log.error("%d notifications of digest %s are given up: %s", len(given_up), key, reason)
    keys = [entry.idempotency_key for entry in given_up]
    return given_up, {key: Refusal(idempotency_key=key, reason=reason, at=millis(now)) for key in keys}


async def _complete(outgoing: Outgoing, pending: _Pending, keys: set[str], refusals: Refusals) -> None:
    """One alert after the other; one that waits does not keep those behind it. Raises Transient after all."""
    waits: list[Transient] = []
    for held in pending.alerts:
        try:
            await complete(held, keys, refusals, outgoing.alerts)
        except Transient as fault:
            waits.append(fault)
    if waits:
        raise waits[0]
