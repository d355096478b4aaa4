"""Counts refused events by hour and reason, and who sends conflicting ones, for the alerts about them.

A crash between the dead letters and the count leaves some out, and a redelivery adds none twice: a rate needs
no more, and no event waits for it.
"""

import logging
from collections.abc import Sequence
from itertools import groupby

from msgspec import structs

from vending.documents.base import Malformed, load
from vending.documents.refusal_counts import HOUR, RefusalCounts
from vending.errors import Transient
from vending.ingest.dead_letters import Refusal
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict
from vending.time import millis

log = logging.getLogger(__name__)

HOURS_KEPT, SENDERS_KEPT = 24, 20


async def count_refusals(documents: Documents, refusals: Sequence[Refusal]) -> None:
    """Add newly written dead letters to the counts of their partitions; where that fails, they are not
    counted."""
    ordered = sorted(refusals, key=_partition)
    for partition, group in groupby(ordered, _partition):
        try:
            await _add(partition, list(group), documents)
        except (Transient, Malformed) as fault:
            log.warning("partition %s: its refused events are not counted: %s", partition, fault)


async def _add(partition: str, refusals: Sequence[Refusal], documents: Documents) -> None:
    name = f"refused:{partition}"

    async def attempt() -> None:
        stored = await documents.read(name, name)
        held = load(stored.body, RefusalCounts) if stored else RefusalCounts(id=name, partition=partition)
        after = counted(held, refusals).dump()
        await documents.write(name, [Put(after, stored.etag if stored else None)])

    await retry_on_conflict(f"counts of partition {partition}", attempt)


def counted(held: RefusalCounts, refusals: Sequence[Refusal]) -> RefusalCounts:
    """The counts with more refusals, within their bounds. Pure."""
    hours = {hour: dict(reasons) for hour, reasons in held.hours.items()}
    conflicts = dict(held.conflicts)
    for hub, fault in refusals:
        at = millis(hub.enqueued)
        reasons = hours.setdefault(str(at // HOUR), {})
        reasons[fault.reason] = reasons.get(fault.reason, 0) + 1
        if fault.reason == "conflict":
            sender = hub.key or ""
            conflicts[sender] = max(at, conflicts.get(sender, 0))
    newest_hours = sorted(hours, key=int)[-HOURS_KEPT:]
    newest = sorted(conflicts, key=lambda sender: (conflicts[sender], sender))[-SENDERS_KEPT:]
    return structs.replace(
        held,
        hours={hour: hours[hour] for hour in newest_hours},
        conflicts={sender: conflicts[sender] for sender in newest},
    )


def _partition(refusal: Refusal) -> str:
    return refusal[0].partition
