"""Ingest: a batch of one hub partition becomes stock, ledger pages, conditions and dead letters.

1 validate → 2 admit → 3 per machine: read, fold, commit stock and ledger page → 4 conditions: read, merge,
replace → 5 records of visits → 6 commands that the readings close → 7 dead letters → 8 errors decide.
Every step is idempotent, so a redelivered batch, or one that another owner works on too, changes no total.

All but the last two are done slice by slice, so that what is in work is bounded in bytes whatever the batch.
A process that dies between two has applied a beginning of it, which the batch's next delivery recognises.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from vending.errors import Rejected, Transient
from vending.events.commands import CommandResult
from vending.events.event import Event, parse
from vending.events.hub_event import HubEvent
from vending.events.slices import SLICE, size, slices
from vending.events.uptimes import dated
from vending.events.visits import Visit
from vending.ingest.admit import Admission, admit, fenced
from vending.ingest.commit_conditions import commit_conditions
from vending.ingest.commit_stock import Committed, commit_stock
from vending.ingest.commit_visits import commit_visit
from vending.ingest.count_refusals import count_refusals
from vending.ingest.dead_letters import Refusals, defect, write_dead_letters
from vending.ingest.tell_commands import tell_commands
from vending.off_loop import INLINE
from vending.ports import Blobs, Documents

log = logging.getLogger(__name__)

MACHINES_AT_ONCE = 16


@dataclass(frozen=True)
class IngestStores:
    """Where ingest writes, whom it believes, and who is let in: without ``admission`` everybody."""

    machines: Documents
    conditions: Documents
    deadletters: Blobs
    bound_from: datetime | None = None
    """From when on a publisher's name must say its machine (``parse``); None: it need not."""
    admission: Admission | None = None
    commands: Documents | None = None
    """Those to machines, which results close; a rebuild has none."""


@dataclass
class Outcome:
    """What became of a batch."""

    events: int
    refusals: Refusals = field(default_factory=Refusals)
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

    def count(self, machine: str, done: Committed) -> None:
        """Add what a machine's commit came to."""
        self.duplicates += done.duplicates
        self.missing[machine] = done.missing
        self.closings += done.closings

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
    _check_deploy(outcome)
    if outcome.refusals:
        await _waiting(outcome, lambda: _write_refusals(stores, outcome.refusals, version))
        if outcome.starved:
            outcome.waits.append(Transient(f"no memory for {len(outcome.refusals)} dead letters"))
        _log_refusals(outcome)
    if outcome.waits:
        raise outcome.waits[0]
    return outcome


async def _write_refusals(stores: IngestStores, refusals: Refusals, version: str) -> None:
    written = await write_dead_letters(stores.deadletters, refusals, version)
    await count_refusals(stores.conditions, written)


def _check_deploy(outcome: Outcome) -> None:
    """A few bad events are bad events; a large share of a batch is a bad deploy that would empty the hub."""
    if outcome.defects > max(4, outcome.events / 5):
        first = next(fault for _, fault in outcome.refusals if fault.reason == "defect")
        raise RuntimeError(
            f"{outcome.defects} of {outcome.events} events hit a defect, first: {first.detail}"
        )


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
        outcome.waits.append(Transient(f"{part[0].position}: no memory for its {size(part[0])} bytes"))
        return
    (outcome.duplicates, outcome.forgotten), half = before, len(part) // 2
    log.warning("out of memory with %d events at once; retrying in halves", len(part))
    for fewer in (part[:half], part[half:]):
        await _fitting(fewer, stores, outcome)


async def _apply(part: Sequence[HubEvent], stores: IngestStores, outcome: Outcome) -> None:
    """The steps of a slice, in the order of the module's docstring."""
    valid = await _validated(part, stores.bound_from, outcome.refusals)  # 1 validate
    admitted = await admit(valid, stores.admission, stores.conditions, outcome.refusals)  # 2 admit
    outcome.forgotten += admitted.forgotten
    machines = fenced(stores.machines, stores.admission, admitted)
    conditions = fenced(stores.conditions, stores.admission, admitted)
    events = dated(admitted.events)
    await _commit_machines(events, machines, outcome)  # 3 stock and ledger
    accepted = [event for event in events if not outcome.refusals.include(event.hub)]
    await _waiting(  # 4 conditions
        outcome, lambda: commit_conditions(accepted, conditions, outcome.refusals, admitted.named)
    )
    await _commit_visits(accepted, machines, outcome)  # 5 visits
    commands = stores.commands
    if commands is not None and any(isinstance(event.data, CommandResult) for event in accepted):
        await _waiting(outcome, lambda: tell_commands(accepted, commands, outcome.refusals))  # 6 commands


async def _validated(
    part: Sequence[HubEvent], bound_from: datetime | None, refusals: Refusals
) -> list[Event]:
    events = []
    for some in slices(part, size, INLINE):
        for hub in some:
            try:
                events.append(parse(hub, bound_from))
            except Rejected as fault:
                refusals.add([(hub, fault)])
            except MemoryError:
                raise
            except Exception as fault:  # noqa: BLE001 - a bug in validation costs the event, not the partition
                refusals.add([(hub, defect(fault))])
        await asyncio.sleep(0)  # hostile bodies take long: other tasks go first
    return events


async def _commit_machines(events: Sequence[Event], documents: Documents, outcome: Outcome) -> None:
    machines: dict[str, list[Event]] = {}
    for event in events:
        if event.stocked:
            machines.setdefault(event.machine, []).append(event)
    await _each(machines.items(), lambda one: _isolated(one[0], one[1], documents, outcome), outcome)


async def _commit_visits(events: Sequence[Event], documents: Documents, outcome: Outcome) -> None:
    visits: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if isinstance(event.data, Visit) and not outcome.refusals.include(event.hub):
            visits.setdefault((event.machine, event.data.visit_id), []).append(event)
    await _each(
        visits.items(), lambda one: commit_visit(one[0], one[1], documents, outcome.refusals), outcome
    )


async def _each[Part](
    parts: Iterable[Part], step: Callable[[Part], Awaitable[None]], outcome: Outcome
) -> None:
    """Run a step for each part, some at once; where one must wait, the others finish."""
    gate = asyncio.Semaphore(MACHINES_AT_ONCE)

    async def one(part: Part) -> None:
        async with gate:
            await _waiting(outcome, lambda: step(part))

    async with asyncio.TaskGroup() as tasks:
        for part in parts:
            tasks.create_task(one(part))


async def _isolated(machine: str, own: list[Event], documents: Documents, outcome: Outcome) -> None:
    """Commit a machine's events; at a defect one by one, so that it costs its own event alone."""
    try:
        outcome.count(machine, await commit_stock(machine, own, documents, outcome.refusals))
    except (Transient, MemoryError, asyncio.CancelledError):
        raise
    except Exception as fault:
        if len(own) == 1:
            outcome.refusals.add([(own[0].hub, defect(fault))])
            return
        log.exception("%s: a defect among %d events; retrying them one by one", machine, len(own))
        for event in own:
            await _isolated(machine, [event], documents, outcome)


async def _waiting(outcome: Outcome, step: Callable[[], Awaitable[None]]) -> None:
    """Run a step; when it must wait, let the others finish first."""
    try:
        await step()
    except Transient as fault:
        outcome.waits.append(fault)
    except MemoryError:
        outcome.starved = True


def _log_refusals(outcome: Outcome) -> None:
    for hub, fault in islice(outcome.refusals, 20):
        # Of a traceback the last line. The reason always: rules look for it (infra/modules/alarms.bicep).
        last = (fault.detail.splitlines() or [""])[-1]
        log.warning("dead letter %s: %s: %s", hub.position, fault.reason, last)
    if len(outcome.refusals) > 20:
        log.warning("and %d more dead letters in this batch", len(outcome.refusals) - 20)
