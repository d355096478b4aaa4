"""Ingest: a batch of one hub partition becomes stock, ledger pages, conditions and dead letters.

validate → admit → per machine: read, fold, commit → conditions: read, merge, replace → dead letters → errors
decide.
Every step is idempotent, so a redelivered batch, or one that another owner works on too, changes no total.

All but the last two are done slice by slice, so that what is in work is bounded in bytes whatever the batch.
A process that dies between two has applied a beginning of it, which the batch's next delivery recognises.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from vending.errors import Conflict, Rejected, Transient
from vending.events.clock import moments
from vending.events.envelope import Event, HubEvent, parse
from vending.events.slices import SLICE, size, slices
from vending.ingest.admit import Admission, admit, fenced
from vending.ingest.commit_conditions import commit_conditions
from vending.ingest.commit_stock import commit_stock
from vending.ingest.dead_letters import Refusal, defect, write_dead_letters
from vending.off_loop import INLINE
from vending.ports import Blobs, Documents
from vending.time import Moment

log = logging.getLogger(__name__)

MACHINES_AT_ONCE = 16
ROUNDS = 8
"""How often a conflict is answered by reading again, before the whole batch waits."""


@dataclass(frozen=True)
class IngestStores:
    """Where ingest writes, whom it believes, and who is let in: without ``admission`` everybody."""

    machines: Documents
    conditions: Documents
    deadletters: Blobs
    bound_from: datetime | None = None
    """From when on a publisher's name must say its machine (``parse``); None: it need not."""
    admission: Admission | None = None


@dataclass
class Outcome:
    """What became of a batch."""

    events: int
    refusals: list[Refusal] = field(default_factory=list)
    waits: list[Transient] = field(default_factory=list)
    forgotten: int = 0
    """Events that an operator wants as if never sent."""
    duplicates: int = 0
    """Ledger events whose number was counted before."""
    missing: dict[str, int] = field(default_factory=dict)
    """Machine → ledger events that are still to come, or lost on the device."""
    closings: int = 0
    """Holes that were closed as lost."""
    starved: bool = False
    """Whether a step ran out of memory: that says nothing about the event that it was at."""
    _refused: set[str] = field(default_factory=set)

    def refuse(self, hub: HubEvent, fault: Rejected) -> None:
        """Note an event for the dead letters: once, though isolating a defect judges it again."""
        if hub.place not in self._refused:
            self._refused.add(hub.place)
            # Without the traceback, whose frames would keep the parsed body until the batch is done.
            self.refusals.append((hub, Rejected(fault.reason, fault.detail)))

    @property
    def applied(self) -> int:
        """Events that were neither counted before nor refused nor left out."""
        return self.events - self.duplicates - len(self.refusals) - self.forgotten

    @property
    def defects(self) -> int:
        """Events that tripped a bug of ours."""
        return sum(fault.reason == "defect" for _, fault in self.refusals)


async def ingest(batch: Sequence[HubEvent], stores: IngestStores, version: str) -> Outcome:
    """Apply a batch. Raises Transient when some of it must wait: all of it is then delivered again.

    Within the batch, what was enqueued first is judged first, as in a rebuild.
    """
    outcome = Outcome(len(batch))
    for part in slices(sorted(batch, key=lambda hub: hub.sequence), size, SLICE):
        await _fitting(part, stores, outcome)
        if outcome.waits and stores.admission is not None:
            break  # Machines that the slice named may not be stored: who may name more cannot be judged.
    # A few bad events are bad events; a large share of a batch is a bad deploy, and must not empty the hub.
    if outcome.defects > max(4, len(batch) / 5):
        first = next(fault for _, fault in outcome.refusals if fault.reason == "defect")
        raise RuntimeError(f"{outcome.defects} of {len(batch)} events hit a defect, first: {first.detail}")
    if outcome.refusals:
        await _waiting(outcome, lambda: write_dead_letters(stores.deadletters, outcome.refusals, version))
        if outcome.starved:
            outcome.waits.append(Transient(f"no memory for {len(outcome.refusals)} dead letters"))
        _log_refusals(outcome)
    if outcome.waits:
        raise outcome.waits[0]
    return outcome


async def _fitting(part: Sequence[HubEvent], stores: IngestStores, outcome: Outcome) -> None:
    """Apply a slice, in halves where memory is short: what the first attempt committed is recognised."""
    before = outcome.duplicates, outcome.forgotten
    try:
        await _apply(part, stores, outcome)
    except MemoryError:
        outcome.starved = True
    if not outcome.starved:
        return
    outcome.starved = False
    if len(part) == 1:
        outcome.waits.append(Transient(f"{part[0].place}: no memory for its {size(part[0])} bytes"))
        return
    (outcome.duplicates, outcome.forgotten), half = before, len(part) // 2
    log.warning("no memory for %d events at once; taking them in halves", len(part))
    for fewer in (part[:half], part[half:]):
        await _fitting(fewer, stores, outcome)


async def _apply(part: Sequence[HubEvent], stores: IngestStores, outcome: Outcome) -> None:
    valid = await _validated(part, stores, outcome)
    admitted = await admit(valid, stores.admission, stores.conditions, outcome.refuse)
    events = admitted.events
    outcome.forgotten += admitted.forgotten
    stores = replace(
        stores,
        machines=fenced(stores.machines, stores.admission, admitted),
        conditions=fenced(stores.conditions, stores.admission, admitted),
    )
    times = _times(events)
    await _commit_machines(events, times, stores, outcome)
    refused = {hub.place for hub, _ in outcome.refusals}
    accepted = [event for event in events if event.hub.place not in refused]
    await _waiting(
        outcome,
        lambda: commit_conditions(accepted, times, stores.conditions, outcome.refuse, ROUNDS, admitted.named),
    )


async def _validated(part: Sequence[HubEvent], stores: IngestStores, outcome: Outcome) -> list[Event]:
    events = []
    for some in slices(part, size, INLINE):
        for hub in some:
            try:
                events.append(parse(hub, stores.bound_from))
            except Rejected as fault:
                outcome.refuse(hub, fault)
            except MemoryError:
                raise
            except Exception as fault:  # noqa: BLE001 - a bug in validation costs the event, not the partition
                outcome.refuse(hub, defect(fault))
        await asyncio.sleep(0)  # hostile bodies take their time: others go first
    return events


def _by_machine(events: Sequence[Event]) -> dict[str, list[Event]]:
    machines: dict[str, list[Event]] = {}
    for event in events:
        machines.setdefault(event.machine, []).append(event)
    return machines


def _times(events: Sequence[Event]) -> dict[str, Moment]:
    times: dict[str, Moment] = {}
    for own in _by_machine(events).values():
        times |= moments(own)
    return times


async def _commit_machines(
    events: Sequence[Event], times: dict[str, Moment], stores: IngestStores, outcome: Outcome
) -> None:
    gate = asyncio.Semaphore(MACHINES_AT_ONCE)

    async def one(machine: str, own: list[Event]) -> None:
        async with gate:
            await _waiting(outcome, lambda: _isolated(machine, own, times, stores, outcome))

    stocked = [event for event in events if event.stocked]
    async with asyncio.TaskGroup() as tasks:
        for machine, own in _by_machine(stocked).items():
            tasks.create_task(one(machine, own))


async def _isolated(
    machine: str,
    own: list[Event],
    times: dict[str, Moment],
    stores: IngestStores,
    outcome: Outcome,
) -> None:
    """Commit a machine's events; when a bug trips, event by event, so that only the culprit pays."""
    try:
        done = await commit_stock(machine, own, times, stores.machines, outcome.refuse, ROUNDS)
        outcome.duplicates += done.duplicates
        outcome.missing[machine] = done.missing
        outcome.closings += done.closings
    except (Transient, Conflict, MemoryError, asyncio.CancelledError):
        raise
    except Exception as fault:
        if len(own) == 1:
            outcome.refuse(own[0].hub, defect(fault))
            return
        log.exception("%s: a defect among %d events; taking them one by one", machine, len(own))
        for event in own:
            await _isolated(machine, [event], times, stores, outcome)


async def _waiting(outcome: Outcome, step: Callable[[], Awaitable[None]]) -> None:
    """Run a step; when it must wait, let the others finish first."""
    try:
        await step()
    except Transient as fault:
        outcome.waits.append(fault)
    except MemoryError:
        outcome.starved = True
    except Conflict as fault:
        outcome.waits.append(Transient(f"still contended after {ROUNDS} rounds: {fault}"))


def _log_refusals(outcome: Outcome) -> None:
    for hub, fault in outcome.refusals[:20]:
        # Of a traceback the last line. The reason always: rules look for it (infra/modules/alarms.bicep).
        last = (fault.detail.splitlines() or [""])[-1]
        log.warning("dead letter %s: %s: %s", hub.place, fault.reason, last)
    if len(outcome.refusals) > 20:
        log.warning("and %d more dead letters in this batch", len(outcome.refusals) - 20)
