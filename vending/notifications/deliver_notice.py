"""A notice from the queue → one mail to each who supervises the machine's route, and out of its outbox.

The notice is claimed by a conditional write before its mails are sent, so that two messages of one notice
send it once; a process that dies with its claim leaves it to the sweep. A mail that was handed over by a
process which died before it could say so goes out again under the same key, and so with the same Message-ID.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import structs

from vending.alerts import outbox
from vending.alerts.held import Held, read, select_of_fleet
from vending.documents.notices import Notice
from vending.errors import Conflict, Refused, Rejected, Transient
from vending.mail import Mail
from vending.notifications.mailing import Mailing
from vending.notifications.notice_text import letter
from vending.notifications.supervisors import supervisors
from vending.ports import Documents, Queue
from vending.time import millis
from vending.uploads.ask_notice import NOTICE, message

log = logging.getLogger(__name__)
CLAIM = 2 * 60_000
"""Milliseconds for which a notice is one process's to send: longer than any mail server is waited for."""
HeldNotice = Held[Notice]


@dataclass(frozen=True)
class NoticeOffice:
    """Where notices are kept and how they go out. Without a mail server they are logged."""

    alerts: Documents
    mailing: Mailing | None
    app: str = ""
    """The app's own address, for links."""


async def deliver_notice(asked: dict[str, Any], office: NoticeOffice, now: datetime) -> None:
    """Send the notice of a message, if it is pending and nobody else does; where the mail server is away, the
    sweep asks again. Raises Transient where a store is."""
    held = await read(office.alerts, Notice, asked["machineId"], asked[NOTICE])
    if held is None:
        raise Transient(f"{asked['machineId']}/{asked[NOTICE]} cannot be seen yet")
    if not held.document.pending or held.document.claimed_until > millis(now):
        return
    claimed = await _changed(held, office.alerts, claimed_until=millis(now) + CLAIM)
    if claimed is None:
        return
    try:
        given_up = await _sent(claimed.document, office, now)
    except Transient as fault:
        # Five more tries in a minute would end in the poison queue, which is an alert.
        log.warning("notice %s waits for the sweep: %s", held.document.idempotency_key, fault)
        await _changed(claimed, office.alerts, claimed_until=0)
        return
    # Nobody else writes while the claim holds; where it was outlived, the other one says how it ended.
    await _changed(claimed, office.alerts, claimed_until=0, pending=False, given_up=given_up)


async def resend_notices(alerts: Documents, queue: Queue, now: datetime) -> int:
    """Queue again what has been pending for long, with back-off; how many. Raises Transient."""
    sent = 0
    async for held in select_of_fleet(alerts, Notice, ("pending", "=", True)):
        if held is None or not _due(held.document, millis(now)):
            continue
        attempts = held.document.attempts + 1
        queued = await _changed(held, alerts, queued_at=millis(now), attempts=attempts)
        if queued is not None:
            await queue.send(message(queued.document))
            sent += 1
    return sent


async def _sent(notice: Notice, office: NoticeOffice, now: datetime) -> str | None:
    """Mail everybody: None, or why somebody did not get it. Raises Transient."""
    said, key = letter(notice, office.app), notice.idempotency_key
    if office.mailing is None:
        log.info("notice %s, without a mail server: %s", key, said.subject)
        return None
    people, reasons = await supervisors(notice.machine_id, office.mailing, now), []
    for address in people:
        try:
            await office.mailing.mailer.send(Mail(address, said.subject, said.text, "", f"{key}/{address}"))
        except Rejected as fault:
            reasons.append(str(fault))
        except Refused as fault:
            if millis(now) - notice.at < outbox.RETRY_PERIOD:
                raise
            reasons.append(str(fault))
    if reasons:
        log.error("notice %s was refused and is given up: %s", key, "; ".join(reasons))
    log.info("notice %s to %d people: %s", key, len(people) - len(reasons), said.subject)
    return "; ".join(reasons) or None


async def _changed(held: HeldNotice, alerts: Documents, **change: Any) -> HeldNotice | None:
    """The notice with that change; None where somebody else wrote it meanwhile."""
    after = structs.replace(held.document, **change)
    try:
        [etag] = await alerts.write(after.machine_id, [held.put(after)])
    except Conflict:
        return None
    return Held(after, etag)


def _due(notice: Notice, now: int) -> bool:
    doubled = outbox.RETRY_INTERVAL * 2 ** min(notice.attempts, 10)
    return notice.queued_at + int(min(doubled, outbox.MAX_RETRY_INTERVAL)) < now
