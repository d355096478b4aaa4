"""A notification from the queue → the webhook and one log line, and out of the alert's outbox.

Delivered at least once: a receiver that sees a key twice has seen it. A refusal is final, logged and kept
with the alert.
"""

import logging
from datetime import datetime
from typing import Any

from vending.domain import alerts
from vending.domain.clock import millis
from vending.errors import Conflict, Rejected, Transient
from vending.ports import Documents, Put, Webhook
from vending.usecases.raise_alerts import ROUNDS, readable

log = logging.getLogger(__name__)


async def notify(
    message: dict[str, Any], webhook: Webhook | None, documents: Documents, now: datetime
) -> None:
    """Deliver one notification. Raises Transient: the queue delivers the message again, or the sweep does."""
    key = message["idempotencyKey"]
    refusal = None
    try:
        if webhook is not None:
            await webhook.post(message | {"text": text(message)}, key)
    except Rejected as fault:
        log.error("notification %s was refused and is given up: %s", key, fault)
        refusal = {"reason": str(fault), "at": millis(now)}
    else:
        log.info("notification %s: %s", key, text(message))
    await _settle(message["machineId"], message["alertId"], key, refusal, documents)


def text(message: dict[str, Any]) -> str:
    """What a person reads."""
    machine, component, opened = message["machineId"], message["component"], message["change"] == "opened"
    match message["rule"]:
        case "sold-out":
            return f"{machine}: selection {component} " + ("is sold out" if opened else "has stock again")
        case "silent":
            return f"{machine} " + ("is not heard from" if opened else "is heard from again")
        case "cold-chain":
            return f"{machine}: zone {component} " + ("is too warm" if opened else "is cold again")
        case "lag":
            half = "for more than half of the hub's retention"
            return f"events wait for {component} {half}" if opened else f"{component} has caught up"
        case "partition-standing-still":
            return _standing(component, message["detail"], opened=opened)
        case "rollups-behind":
            return _behind(component, message["detail"], opened=opened)
        case _:
            return f"{machine}: {message['rule']} {component} {message['change']}"


def _standing(component: str, detail: dict[str, Any], *, opened: bool) -> str:
    if not opened:
        return f"{component} moves again"
    partition, number = detail["partition"], detail["next"]
    return (
        f"{detail['function']} stands still in partition {partition} before number {number}: a message that "
        f"no trigger can bind, or a store that throttles or is away. `vendctl partitions` tells which; for "
        f"the first, `vendctl partitions clear {partition}`. What waits is lost when the hub's retention ends"
    )


def _behind(component: str, detail: dict[str, Any], *, opened: bool) -> str:
    if not opened:
        return f"rollups: {component} is counted again"
    what = (
        f"the days of {detail['machines']} machines are not counted"
        if "machines" in detail
        else f"{component} has not counted anything for {detail['waitingSeconds']} s"
    )
    return f"{what}: see the log of roll_up_shard, and `{detail['command']}`. Nothing is lost meanwhile"


async def _settle(
    machine: str, alert: str, key: str, refusal: dict[str, Any] | None, documents: Documents
) -> None:
    for _ in range(ROUNDS):
        stored = await documents.read(machine, alert)
        after = alerts.settled(readable(stored).body, key, refusal) if stored else None
        if stored is None or after is None:
            return
        try:
            await documents.write(machine, [Put(after, stored.etag)])
        except Conflict:
            continue
        return
    raise Transient(f"alert {machine}/{alert} is still contended after {ROUNDS} rounds")
