"""Everything that is owed when more came at once than a minute may post: one digest instead.

The sweep asks for it by a message in the queue; what it tells is what the outboxes hold then, so it needs no
count and no memory. Its key is a function of the notifications in it. It fails for nobody's sake: what was
not taken stays in the outboxes, and the next sweep asks again.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vending.alerts import alerts
from vending.alerts.raise_alerts import readable
from vending.errors import Refused, Rejected, Transient
from vending.notifications import post_window
from vending.notifications.notifications import digest, payload
from vending.notifications.outgoing import Outgoing, Refusals, change_window, settle
from vending.ports import Stored
from vending.time import millis

log = logging.getLogger(__name__)
MOST = 5_000
"""Notifications of one digest: settling them takes a request each, within the function's ten minutes."""
ASK_FOR_DIGEST = {"digest": True}
"""The queue's message that asks for one."""
Entry = dict[str, Any]


@dataclass
class _Owed:
    """Alerts, the notifications that their outboxes hold, and whether that is all there is."""

    alerts: list[Stored] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    whole: bool = True


async def notify_digest(outgoing: Outgoing, now: datetime) -> int:
    """Post what is owed as one digest, at most one a minute; how many notifications that settled.

    Raises Transient where some of what was taken could not be settled: the next digest tells it again.
    """
    owed = await _owed(outgoing, now)
    done: list[Entry] = []
    if owed.entries:
        if not await _has_room(outgoing, len(owed.entries), now):
            return 0
        done, refusals = await _delivered(outgoing, owed.entries, now)
        await _settle(outgoing, owed, {entry["idempotencyKey"] for entry in done}, refusals)
    whole = owed.whole and len(done) == len(owed.entries)
    await change_window(outgoing.alerts, lambda window: post_window.told(window, now, whole=whole))
    return len(done)


async def _owed(outgoing: Outgoing, now: datetime) -> _Owed:
    """What was queued a moment ago or longer: a younger one may be on its way by itself."""
    owed, before = _Owed(), millis(now) - post_window.SETTLING
    async for stored in outgoing.alerts.select(None, ("type", "=", "alert"), ("pending", "=", True)):
        entries = [entry for entry in readable(stored).body["outbox"] if entry["queued"] <= before]
        if len(owed.entries) + len(entries) > MOST:
            owed.whole = False
            break
        if entries:
            owed.alerts.append(stored)
            owed.entries += entries
    return owed


async def _has_room(outgoing: Outgoing, count: int, now: datetime) -> bool:
    return await change_window(
        outgoing.alerts, lambda window: post_window.digest_let_through(window, now, count)
    )


async def _delivered(outgoing: Outgoing, entries: list[Entry], now: datetime) -> tuple[list[Entry], Refusals]:
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
        late = [entry for entry in entries if alerts.expired(entry, millis(now))]
        given_up, reason = late if isinstance(fault, Refused) else [], str(fault)
    else:
        log.info("notification %s: %s", key, message["text"])
        return entries, {}
    if given_up:
        log.error("%d notifications of digest %s are given up: %s", len(given_up), key, reason)
    refusal = {"reason": reason, "at": millis(now)}
    return given_up, {entry["idempotencyKey"]: refusal for entry in given_up}


async def _settle(outgoing: Outgoing, owed: _Owed, keys: set[str], refusals: Refusals) -> None:
    """One alert after the other; one that waits does not keep those behind it. Raises Transient after all."""
    waits: list[Transient] = []
    for stored in owed.alerts:
        try:
            await settle(stored, keys, refusals, outgoing.alerts)
        except Transient as fault:
            waits.append(fault)
    if waits:
        raise waits[0]
