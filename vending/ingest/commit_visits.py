"""Beginnings and ends of visits, merged into a record of each; a machine's registers know the newest alone.

A machine is visited twice a week, so this costs a hundredth of what conditions do.
"""

import asyncio
from collections.abc import Sequence

from vending.documents.base import load
from vending.documents.visits import VisitRecord
from vending.errors import Transient
from vending.events.event import Event
from vending.ingest.dead_letters import Refusals, defect
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict
from vending.state.visits import merged, record_id


async def commit_visit(
    whose: tuple[str, str], events: Sequence[Event], documents: Documents, refusals: Refusals
) -> None:
    """Merge the events of one (machine, visit) into its record; a redelivery writes nothing. A defect costs
    them alone. Raises Transient when it must wait."""
    machine, visit = whose

    async def attempt() -> None:
        stored = await documents.read(machine, record_id(visit))
        held = load(stored.body, VisitRecord) if stored else None
        after = merged(held, machine, visit, events)
        if after != held:
            await documents.write(machine, [Put(after.dump(), stored.etag if stored else None)])

    try:
        await retry_on_conflict(f"visit {visit} of {machine}", attempt)
    except (Transient, MemoryError, asyncio.CancelledError):
        raise
    except Exception as fault:  # noqa: BLE001 - a record that cannot be read costs its visit, not the batch
        refusals.add([(event.hub, defect(fault)) for event in events])
