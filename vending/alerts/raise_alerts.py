"""Findings into alerts and notifications, whoever else evaluates the same machine at the same time.

The alert and its notification are one write; the message is sent after it. A crash between the two leaves the
notification in the alert's outbox, from where a redelivery or the sweep sends it again, under the same key.
It leaves the outbox when the receiver has taken it (see notify).
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from vending.alerts import rules
from vending.alerts.ageing import Ageing
from vending.alerts.held import HeldAlert, select
from vending.alerts.lifecycle import ESCALATE_AFTER
from vending.alerts.looks import Looks
from vending.alerts.outbox import transition_entry
from vending.alerts.transitions import Finding, Transition, by_older_policy, transition
from vending.alerts.verdicts import Verdicts
from vending.catalog.machines import AsRead, Catalogs
from vending.documents.alerts import Alert, Notification
from vending.errors import Conflict, Transient
from vending.ports import Documents, Filter, Put, Queue
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
    posts: bool = True
    """Whether anybody posts what is in the queue; else there are mails, which need no queue."""
    verdicts: Verdicts = field(default_factory=Verdicts)
    catalog: Catalogs = field(default_factory=AsRead)
    """Where policies come from."""
    looks: Looks = field(default_factory=Looks)
    ageing: Ageing = field(default_factory=Ageing)


@dataclass(frozen=True, slots=True)
class AlertChange:
    """A transition of an alert as it was read; of none yet where ``held`` is None."""

    held: HeldAlert | None
    transition: Transition

    def puts(self) -> list[Put]:
        """The writes, of which all count or none."""
        alert, ended = self.transition
        put = self.held.put(alert) if self.held else Put(alert.dump())
        return [put, Put(ended.dump())] if ended else [put]


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
        await _send_pending(held, findings, stores.notifications, raised)
        if not _changes(held, findings, now) and not _outdated(held, findings):
            return raised.changed
        # Read after the alerts: what is written below rests on evidence no older than they are.
        fresh = await newest()
        if _outdated(held, fresh):
            raise Transient(f"{machine}: stale read: an alert was evaluated by a newer policy")
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


def settled(held: Mapping[str, HeldAlert], findings: Sequence[Finding], now: datetime) -> bool:
    """Whether there is nothing to write or to send: the alerts say what was found."""
    return not (any(_pending(held, findings)) or _changes(held, findings, now) or _outdated(held, findings))


async def _held(machine: str, findings: Sequence[Finding], documents: Documents) -> dict[str, HeldAlert]:
    """The machine's alerts by id, of the one rule that the findings are about, or of all."""
    of = {finding.rule for finding in findings}
    where: list[Filter] = [("rule", "=", of.pop())] if len(of) == 1 else []
    return {held.document.id: held async for held in select(documents, Alert, machine, *where)}


def _changes(held: Mapping[str, HeldAlert], findings: Sequence[Finding], now: datetime) -> list[AlertChange]:
    changes = []
    for finding in findings:
        alert = held.get(finding.id)
        escalate_after = ESCALATE_AFTER[rules.severity_of(finding)]
        changed = transition(alert.document if alert else None, finding, millis(now), escalate_after)
        if changed is not None:
            changes.append(AlertChange(alert, changed))
    return changes


def _outdated(held: Mapping[str, HeldAlert], findings: Sequence[Finding]) -> bool:
    """Whether a finding would change an alert and must not, because an older policy made it."""
    known = [(finding, held[finding.id].document) for finding in findings if finding.id in held]
    return any(
        by_older_policy(finding, alert)
        and finding.firing is not None
        and finding.firing != (alert.state == "open")
        and finding.order >= tuple(alert.evaluated_on)
        for finding, alert in known
    )


async def _write(machine: str, changes: Sequence[AlertChange], stores: AlertStores, raised: Raised) -> None:
    """Write the changes, then send their notifications, if any. Nothing where somebody else was first: look
    again."""
    for portion in batched(changes, CHANGES_AT_ONCE, strict=False):
        try:
            await stores.alerts.write(machine, [put for change in portion for put in change.puts()])
        except Conflict:
            return
        for change in portion:
            raised.changed += 1
            entry = transition_entry(change.transition.alert)
            if entry is not None:
                await _send(entry, stores.notifications, raised)


async def _send_pending(
    held: Mapping[str, HeldAlert], findings: Sequence[Finding], queue: Queue, raised: Raised
) -> None:
    """A crash may have come between the write and the message."""
    for notification in _pending(held, findings):
        await _send(notification, queue, raised)


def _pending(held: Mapping[str, HeldAlert], findings: Sequence[Finding]) -> Iterator[Notification]:
    """What this very evidence brought about, and nobody has taken."""
    for finding in findings:
        known = held.get(finding.id)
        if known and tuple(known.document.evaluated_on) == finding.order:
            entry = transition_entry(known.document)
            if entry is not None:
                yield entry


async def _send(notification: Notification, queue: Queue, raised: Raised) -> None:
    if notification.idempotency_key not in raised.sent:
        await queue.send(notification.dump())
        raised.sent.add(notification.idempotency_key)
