"""What posting has in common, one by one or as a digest: the window of a minute, and the outboxes."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from vending.alerts import outbox
from vending.alerts.held import HeldAlert, read
from vending.documents.alerts import NOTIFICATIONS, Alert, Refusal
from vending.documents.post_window import WINDOW_ID, PostWindow
from vending.ports import Documents, Put, Webhook
from vending.retry import retry_on_conflict

Refusals = Mapping[str, Refusal]
"""By idempotency key, of notifications that are given up."""


@dataclass
class Outgoing:
    """Where notifications go out, and what this process remembers of it."""

    alerts: Documents
    webhook: Webhook | None
    posts_per_minute: int = 20
    link: str = ""
    """The dashboard's address, for digests."""
    full: int = -1
    """The newest minute of which this process knows that it is full: that stays true, so nobody need look."""


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


async def complete(held: HeldAlert, keys: Collection[str], refusals: Refusals, documents: Documents) -> None:
    """Take notifications out of an alert's outbox, as delivered, or as given up where there is a refusal.

    ``held`` is the alert as it was read last: the first attempt need not read it. Raises Transient.
    """
    machine, alert = held.document.machine_id, held.document.id
    known: HeldAlert | None = held

    async def attempt() -> None:
        nonlocal known
        newest, known = known or await read(documents, Alert, machine, alert), None
        if newest and (puts := _completed(newest, keys, refusals)):
            await documents.write(machine, puts)

    await retry_on_conflict(f"alert {machine}/{alert}", attempt)


def _completed(held: HeldAlert, keys: Collection[str], refusals: Refusals) -> list[Put]:
    after, given_up = held.document, []
    for entry in held.document.outbox:
        key = entry.idempotency_key
        if key not in keys:
            continue
        after = outbox.completed(after, key, refusals.get(key)) or after
        if key in refusals and entry.machine_id != NOTIFICATIONS:
            given_up.append(Put(outbox.given_up(entry, refusals[key]).dump()))
    return [held.put(after), *given_up] if after is not held.document else []
