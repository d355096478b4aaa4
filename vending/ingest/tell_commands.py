"""What devices tell of commands in a batch, one event after the other: there are few."""

from collections.abc import Sequence

from vending.commands.close_command import close_command
from vending.errors import Transient
from vending.events.commands import CommandResult
from vending.events.event import Event
from vending.ingest.dead_letters import Refusals, defect
from vending.ports import Documents


async def tell_commands(events: Sequence[Event], documents: Documents, refusals: Refusals) -> None:
    """Close what the events tell of. A defect costs its own event. Raises Transient when all were tried."""
    waits: list[Transient] = []
    for event in events:
        if not isinstance(event.data, CommandResult) or refusals.include(event.hub):
            continue
        try:
            await close_command(event, event.data, documents)
        except Transient as fault:
            waits.append(fault)
        except MemoryError:
            raise
        except Exception as fault:  # noqa: BLE001 - a malformed inbox must not stop the partition
            refusals.add([(event.hub, defect(fault))])
    if waits:
        raise waits[0]
