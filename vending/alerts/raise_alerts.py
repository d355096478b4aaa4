"""Findings into alerts and notifications, whoever else evaluates the same machine at the same time.

The alert and the notification that it owes are one write; the message is sent after it. A crash between the
two leaves the notification in the alert's outbox, from where a redelivery or the sweep sends it again, under
the same key. It leaves the outbox when the receiver has taken it (see notify).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Any

from vending.alerts import alerts
from vending.alerts.alerts import Finding
from vending.documents.base import current
from vending.errors import Conflict, Transient
from vending.ports import Documents, Filter, Put, Queue, Stored
from vending.time import millis

ROUNDS = 8
"""How often a machine is evaluated again in one go, before its batch waits."""
CHANGES_AT_ONCE = 40
"""Alerts of one atomic write: each may bring the episode that ended, and a batch holds 100 documents."""
Evaluation = Callable[[], Awaitable[Sequence[Finding]]]
"""Reads the newest evidence and evaluates it."""


@dataclass(frozen=True)
class AlertStores:
    """Where alerts come from and go to."""

    machines: Documents
    conditions: Documents
    alerts: Documents
    notifications: Queue
    posts_per_minute: int = 20
    """More notifications than this are not queued one by one again: a digest tells them."""


@dataclass
class Raised:
    """What one evaluation of a machine has done so far."""

    changed: int = 0
    sent: set[str] = field(default_factory=set)
    """Keys of the notifications that went to the queue."""


async def raise_alerts(
    machine: str,
    findings: Sequence[Finding],
    newest: Evaluation,
    stores: AlertStores,
    now: datetime,
) -> int:
    """Bring the machine's alerts in line with its newest evidence; how many changed.

    ``findings`` may be stale: where they would change something, ``newest`` reads the evidence again, after
    the alerts were read and until nothing is left to change. So an evaluation on stale evidence corrects its
    own write. Raises Transient, also when the machine is still contended after :data:`ROUNDS`.
    """
    raised = Raised()
    for _ in range(ROUNDS):
        held = await _held(machine, findings, stores.alerts)
        await _send_owed(held, findings, stores.notifications, raised)
        if not _changes(held, findings, now):
            return raised.changed
        # Read after the alerts: what is written below rests on evidence no older than they are.
        fresh = await newest()
        await _write(machine, _changes(held, fresh, now), stores, raised)
        # And again after the write: an evaluation that agrees with the stored alert is not written, so it
        # cannot fence a stale write.
        findings = await newest()
    raise Transient(f"{machine}: alerts still change after {ROUNDS} rounds; they are evaluated again later")


async def raise_as_found(
    machine: str, findings: Sequence[Finding], stores: AlertStores, now: datetime
) -> int:
    """Bring the alerts in line with what a sweep found, as of that sweep: the next one evaluates everything
    anew. How many changed. Raises Transient."""

    async def newest() -> Sequence[Finding]:
        return findings

    return await raise_alerts(machine, findings, newest, stores, now)


async def _held(machine: str, findings: Sequence[Finding], documents: Documents) -> dict[str, Stored]:
    """The machine's alerts by id, of the one rule that the findings are about, or of all."""
    where: list[Filter] = [("type", "=", "alert")]
    rules = {finding.rule for finding in findings}
    if len(rules) == 1:
        where.append(("rule", "=", rules.pop()))
    return {stored.body["id"]: readable(stored) async for stored in documents.select(machine, *where)}


def _changes(held: Mapping[str, Stored], findings: Sequence[Finding], now: datetime) -> list[list[Put]]:
    """The writes of each alert that changes: the alert itself, and the episode that it ended."""
    changes = []
    for finding in findings:
        stored = held.get(finding.id)
        documents = alerts.transition(stored.body if stored else None, finding, millis(now))
        if documents:
            alert = Put(documents[0], stored.etag if stored else None)
            changes.append([alert, *(Put(episode) for episode in documents[1:])])
    return changes


async def _write(
    machine: str,
    changes: Sequence[Sequence[Put]],
    stores: AlertStores,
    raised: Raised,
) -> None:
    """Write the changes, then send what they owe. Nothing where another evaluation conflicts: look again."""
    for portion in batched(changes, CHANGES_AT_ONCE, strict=False):
        try:
            await stores.alerts.write(machine, [put for change in portion for put in change])
        except Conflict:
            return
        for change in portion:
            raised.changed += 1
            await _send(change[0].body["outbox"][-1], stores.notifications, raised)


async def _send_owed(
    held: Mapping[str, Stored], findings: Sequence[Finding], queue: Queue, raised: Raised
) -> None:
    """What this very evidence brought about: a crash may have come between the write and the message."""
    for finding in findings:
        stored = held.get(finding.id)
        if stored and stored.body["outbox"] and tuple(stored.body["judged"]) == finding.order:
            await _send(stored.body["outbox"][-1], queue, raised)


async def _send(notification: dict[str, Any], queue: Queue, raised: Raised) -> None:
    if notification["idempotencyKey"] not in raised.sent:
        await queue.send(notification)
        raised.sent.add(notification["idempotencyKey"])


def readable(stored: Stored) -> Stored:
    """The document, unless newer code wrote it: then this version waits until it is replaced."""
    current(stored.body, alerts.SCHEMA)
    return stored
