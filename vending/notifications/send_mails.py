"""Mails about what is pending: for each recipient one, of all that is pending for him.

The sweep sends them, once a minute, apart from the queue: a webhook that hangs delays no mail. What was taken
is noted in the outboxes for that recipient alone. It fails for nobody's sake: what was not taken stays, and
is tried again with back-off, for each recipient by itself.
"""

import logging
from asyncio import Semaphore, gather
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vending.alerts import outbox
from vending.alerts.channels import WEBHOOK, Handled, to_recipient
from vending.alerts.held import HeldAlert
from vending.documents.alerts import Refusal
from vending.documents.post_window import PostWindow
from vending.errors import Refused, Rejected, Transient
from vending.notifications import post_window
from vending.notifications.mails import mail
from vending.notifications.mails_due import MOST, Pending, Round, find_pending, groups
from vending.notifications.outgoing import Outgoing, change_window, complete, read_window
from vending.time import millis

log = logging.getLogger(__name__)
SENT_AT_ONCE, COMPLETED_AT_ONCE = 5, 16


@dataclass(frozen=True)
class _Sent:
    """What became of a recipient's mail: notifications that are done with, why some of them are given up, and
    whether the server answered for good."""

    keys: Collection[str] = ()
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    answered: bool = True


async def send_mails(outgoing: Outgoing, now: datetime) -> int:
    """Send what is due, at most so many mails a minute as posts; how many were taken.

    Raises Transient where some of what was taken stays in its outbox: it is mailed again.
    """
    if outgoing.mailing is None:
        await _forget_others(outgoing, [])
        return 0
    recipients = {to_recipient(one.id): one for one in await outgoing.mailing.named()}
    course = Round(outgoing, outgoing.mailing, recipients, now)
    pending = await find_pending(course)
    window = await _forget_others(outgoing, pending)
    ready = groups(course, pending, window)
    if ready and not await change_window(outgoing.alerts, lambda x: post_window.acquire_mails(x, now)):
        return 0
    sent = await _send_each(course, ready, window)
    if sent:
        await change_window(outgoing.alerts, lambda x: _noted(x, sent, now))
    await _complete(course, pending, sent)
    return sum(one.answered and not one.refusals for one in sent.values())


async def _forget_others(outgoing: Outgoing, pending: Collection[Pending]) -> PostWindow | None:
    """The window, without failing channels for which nothing is due: a recipient who left, for instance."""
    window = await read_window(outgoing.alerts)
    tried = {channel for one in pending for channel in one.due}
    if outgoing.webhook is not None:
        tried.add(WEBHOOK)
    kept = post_window.only_failing(window, tried)
    if kept is not window and len(pending) < MOST:
        await change_window(outgoing.alerts, lambda held: post_window.only_failing(held, tried))
    return kept


async def _send_each(
    course: Round, ready: Mapping[str, list[Pending]], window: PostWindow | None
) -> dict[str, _Sent]:
    """Some at a time: a server that hangs costs each of them its ten seconds."""
    gate = Semaphore(SENT_AT_ONCE)

    async def one(channel: str) -> _Sent:
        async with gate:
            return await _send(course, channel, ready[channel], window)

    return dict(zip(ready, await gather(*map(one, ready)), strict=True))


async def _send(course: Round, channel: str, group: list[Pending], window: PostWindow | None) -> _Sent:
    """One recipient's mail."""
    recipient = course.recipients[channel]
    made = mail([one.told for one in group], recipient.address, course.outgoing.link)
    given_up, answered = group, True
    try:
        await course.mailing.mailer.send(made)
    except Rejected as fault:
        reason = f"{recipient.id}: {fault}"
    except Transient as fault:
        reason, answered = f"{recipient.id}: {fault}", False
        log.warning("mail %s of %d notifications was not taken: %s", made.key, len(group), reason)
        given_up = _expired(course, channel, group, window) if isinstance(fault, Refused) else []
    else:
        log.info("mail %s to %s: %s", made.key, recipient.id, made.subject)
        return _Sent({one.entry.idempotency_key for one in group})
    if given_up:
        log.error("%d notifications of mail %s are given up: %s", len(given_up), made.key, reason)
    keys = {one.entry.idempotency_key for one in given_up}
    at = millis(course.now)
    return _Sent(keys, {key: Refusal(idempotency_key=key, reason=reason, at=at) for key in keys}, answered)


def _expired(course: Round, channel: str, group: list[Pending], window: PostWindow | None) -> list[Pending]:
    """What was pending, and refused, for a day. One that waited for somebody's hours was not tried yet."""
    at, since = millis(course.now), post_window.failing_since(window, channel)
    if since is None or since >= at - outbox.RETRY_PERIOD:
        return []
    return [one for one in group if outbox.expired(one.entry, at)]


def _noted(window: PostWindow | None, sent: Mapping[str, _Sent], now: datetime) -> PostWindow | None:
    for channel, one in sent.items():
        window = post_window.tried(window, channel, now, took=one.answered)
    return window


async def _complete(course: Round, pending: Collection[Pending], sent: Mapping[str, _Sent]) -> None:
    """In all outboxes, some at a time; one that waits keeps no other. Raises Transient after all."""
    by_alert: dict[tuple[str, str], tuple[HeldAlert, dict[str, Handled]]] = {}
    for one in pending:
        key = one.entry.idempotency_key
        done = {
            name: sent[name].refusals.get(key) for name in one.due if name in sent and key in sent[name].keys
        }
        if done or one.leaves:
            alert = one.held.document
            _, handling = by_alert.setdefault((alert.machine_id, alert.id), (one.held, {}))
            handling[key] = Handled(one.wanted, done)
    gate = Semaphore(COMPLETED_AT_ONCE)

    async def completed(held: HeldAlert, handling: dict[str, Handled]) -> None:
        async with gate:
            await complete(held, handling, course.outgoing.alerts)

    found = await gather(*(completed(*one) for one in by_alert.values()), return_exceptions=True)
    for fault in found:
        if isinstance(fault, BaseException):
            raise fault
