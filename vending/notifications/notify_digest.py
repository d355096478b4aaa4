"""Everything that is pending when more came at once than a minute may post: one digest instead.

The sweep asks for it by a message in the queue; what it tells is what the outboxes hold then, so it needs no
count and no memory. Its key is a function of the notifications in it. It fails for nobody's sake: what was
not taken stays in the outboxes, and the next sweep asks again.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vending.alerts import outbox
from vending.alerts.channels import WEBHOOK, Handled, outstanding
from vending.alerts.held import HeldAlert, select_of_fleet
from vending.documents.alerts import Alert, Notification, Refusal
from vending.documents.post_window import PostWindow
from vending.errors import Refused, Rejected, Transient
from vending.notifications import post_window
from vending.notifications.outgoing import Outgoing, change_window, complete
from vending.notifications.texts import digest, payload
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


@dataclass(frozen=True)
class _Delivered:
    """Keys of notifications that are done with, of them those that are given up, and whether the receiver
    answered for good."""

    keys: Collection[str] = ()
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    answered: bool = True


async def notify_digest(outgoing: Outgoing, now: datetime) -> int:
    """Post what is pending as one digest, at most one a minute; how many notifications that completed.

    Raises Transient where some of what was taken stays in its outbox: the next digest tells it again.
    """
    if not outgoing.posts:
        return 0
    pending, done = await _pending(outgoing, now), _Delivered()
    if pending.entries:
        if not await _has_room(outgoing, len(pending.entries), now):
            return 0
        done = await _delivered(outgoing, pending.entries, now)
        await _complete(outgoing, pending, done)
    whole = pending.whole and len(done.keys) == len(pending.entries)

    def released(window: PostWindow | None) -> PostWindow | None:
        after = post_window.release_digest(window, now, whole=whole)
        if not pending.entries:
            return after
        return post_window.tried(after or window, WEBHOOK, now, took=done.answered)

    await change_window(outgoing.alerts, released)
    return len(done.keys)


async def _pending(outgoing: Outgoing, now: datetime) -> _Pending:
    """What was queued a moment ago or longer: a younger one may be on its way by itself."""
    found, before = _Pending(), millis(now) - post_window.POST_GRACE
    async for held in select_of_fleet(outgoing.alerts, Alert, ("pending", "=", True)):
        if held is None:
            continue
        entries = [
            entry
            for entry in held.document.outbox
            if outstanding(entry, WEBHOOK) and entry.queued_at <= before
        ]
        if len(found.entries) + len(entries) > MOST:
            found.whole = False
            break
        if entries:
            found.alerts.append(held)
            found.entries += entries
    return found


async def _has_room(outgoing: Outgoing, count: int, now: datetime) -> bool:
    return await change_window(outgoing.alerts, lambda window: post_window.acquire_digest(window, now, count))


async def _delivered(outgoing: Outgoing, entries: list[Notification], now: datetime) -> _Delivered:
    """Post them; what is done with, and why some of that is given up."""
    message = payload(entries[0]) if len(entries) == 1 else digest(entries, outgoing.link)
    key = message["idempotencyKey"]
    answered = True
    try:
        if outgoing.webhook is not None:
            await outgoing.webhook.post(message, key)
    except Rejected as fault:
        given_up, reason = entries, str(fault)
    except Transient as fault:
        log.warning("digest %s of %d notifications was not taken: %s", key, len(entries), fault)
        late = [entry for entry in entries if outbox.expired(entry, millis(now))]
        given_up, reason, answered = late if isinstance(fault, Refused) else [], str(fault), False
    else:
        log.info("notification %s: %s", key, message["text"])
        return _Delivered({entry.idempotency_key for entry in entries}, {}, answered)
    if given_up:
        log.error("%d notifications of digest %s are given up: %s", len(given_up), key, reason)
    keys = {entry.idempotency_key for entry in given_up}
    refusals = {key: Refusal(idempotency_key=key, reason=reason, at=millis(now)) for key in keys}
    return _Delivered(keys, refusals, answered)


async def _complete(outgoing: Outgoing, pending: _Pending, done: _Delivered) -> None:
    """One alert after the other; one that waits does not keep those behind it. Raises Transient after all."""
    outcomes = {key: {WEBHOOK: done.refusals.get(key)} for key in done.keys}
    handling = {key: Handled(outgoing.others, outcome) for key, outcome in outcomes.items()}
    waits: list[Transient] = []
    for held in pending.alerts:
        try:
            await complete(held, handling, outgoing.alerts)
        except Transient as fault:
            waits.append(fault)
    if waits:
        raise waits[0]
