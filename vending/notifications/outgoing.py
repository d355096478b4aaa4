"""What posting has in common, one by one or as a digest: the window of a minute, and the outboxes."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from vending.alerts import alerts
from vending.alerts.raise_alerts import ROUNDS, readable
from vending.errors import Conflict, Transient
from vending.notifications import post_window
from vending.ports import Documents, Put, Stored, Webhook

Refusals = Mapping[str, dict[str, Any]]
"""Idempotency key → reason and time, of notifications that are given up."""


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


async def change_window(
    documents: Documents, change: Callable[[dict[str, Any] | None], dict[str, Any] | None]
) -> bool:
    """Write what ``change`` makes of the window; False where it makes nothing or the same of it."""
    for _ in range(ROUNDS):
        stored = await documents.read(alerts.PLACE, post_window.ID)
        held = readable(stored).body if stored else None
        after = change(held)
        if after is None or after is held:
            return False
        try:
            await documents.write(alerts.PLACE, [Put(after, stored.etag if stored else None)])
        except Conflict:
            continue
        return True
    raise Transient(f"the window of notifications is still contended after {ROUNDS} rounds")


async def settle(
    stored: Stored | None, keys: Collection[str], refusals: Refusals, documents: Documents
) -> None:
    """Take notifications out of an alert's outbox; those with a refusal are kept as given up.

    ``stored`` is the alert as it was read last. Raises Transient.
    """
    machine, alert = (stored.body["machineId"], stored.body["id"]) if stored else ("", "")
    for _ in range(ROUNDS):
        puts = _settled(stored, keys, refusals)
        if not puts:
            return
        try:
            await documents.write(machine, puts)
        except Conflict:
            stored = await documents.read(machine, alert)
            continue
        return
    raise Transient(f"alert {machine}/{alert} is still contended after {ROUNDS} rounds")


def _settled(stored: Stored | None, keys: Collection[str], refusals: Refusals) -> list[Put]:
    if stored is None:
        return []
    before = readable(stored).body
    after, given_up = before, []
    for entry in before["outbox"]:
        key = entry["idempotencyKey"]
        if key not in keys:
            continue
        after = alerts.settled(after, key, refusals.get(key)) or after
        if key in refusals and entry["machineId"] != alerts.PLACE:
            given_up.append(Put(alerts.given_up(entry, refusals[key])))
    return [Put(after, stored.etag), *given_up] if after is not before else []
