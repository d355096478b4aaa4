"""What all channels have in common: where notifications go out, the shared window, and the outboxes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vending.alerts import outbox
from vending.alerts.channels import MAIL, WEBHOOK, Handled, settled
from vending.alerts.held import HeldAlert, read
from vending.documents.alerts import NOTIFICATIONS, Alert
from vending.documents.post_window import WINDOW_ID, PostWindow
from vending.notifications.mailing import Mailing
from vending.ports import Documents, Put, Webhook
from vending.retry import retry_on_conflict

Handling = Mapping[str, Handled]
"""By idempotency key, of notifications that were taken or given up."""


@dataclass
class Outgoing:
    """Where notifications go out, and what this process remembers of it."""

    alerts: Documents
    webhook: Webhook | None
    posts_per_minute: int = 20
    """And mails."""
    link: str = ""
    """The dashboard's address, for digests."""
    mailing: Mailing | None = None
    """How mails are sent; None: there are none."""
    full: int = -1
    """The newest minute of which this process knows that it is full: that stays true, so nobody need look."""

    @property
    def posts(self) -> bool:
        """Whether the queue's messages have work: to post, or, where there is no channel at all, to log."""
        return self.webhook is not None or self.mailing is None

    @property
    def others(self) -> tuple[str, ...]:
        """Who wants notifications, as far as the webhook knows."""
        return (WEBHOOK,) if self.mailing is None else (WEBHOOK, MAIL)


async def read_window(documents: Documents) -> PostWindow | None:
    """The window of posts, as it was last written."""
    held = await read(documents, PostWindow, NOTIFICATIONS, WINDOW_ID)
    return held.document if held else None


async def change_window(
    documents: Documents, change: Callable[[PostWindow | None], PostWindow | None]
) -> bool:
    """Write what ``change`` makes of the window; False where it makes nothing or the same of it.
    Raises Transient."""

    async def attempt() -> bool:
        held = await read(documents, PostWindow, NOTIFICATIONS, WINDOW_ID)
        before = held.document if held else None
        after = change(before)
        if after is None or after is before:
            return False
        await documents.write(NOTIFICATIONS, [held.put(after) if held else Put(after.dump())])
        return True

    return await retry_on_conflict("the window of notifications", attempt)


async def complete(held: HeldAlert, handling: Handling, documents: Documents) -> None:
    """Note in an alert's outbox what was taken or given up; it leaves once nobody that wants it is left.

    ``held`` is the alert as it was read last: the first attempt need not read it. Raises Transient.
    """
    machine, alert = held.document.machine_id, held.document.id
    known: HeldAlert | None = held

    async def attempt() -> None:
        nonlocal known
        newest, known = known or await read(documents, Alert, machine, alert), None
        if newest and (puts := _completed(newest, handling)):
            await documents.write(machine, puts)

    await retry_on_conflict(f"alert {machine}/{alert}", attempt)


def _completed(held: HeldAlert, handling: Handling) -> list[Put]:
    after, given_up = held.document, []
    for entry in held.document.outbox:
        handled = handling.get(entry.idempotency_key)
        changed = settled(after, entry.idempotency_key, handled) if handled else None
        if handled is None or changed is None:
            continue
        after = changed
        for channel, refusal in handled.outcomes.items():
            if refusal is not None and entry.machine_id != NOTIFICATIONS:
                given_up.append(Put(outbox.given_up(entry, refusal, channel).dump()))
    return [held.put(after), *given_up] if after is not held.document else []
