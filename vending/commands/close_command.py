"""A ``command.result`` event closes the command that it is about. Idempotent: what is over stays as it is,
and a result of a command that nobody knows changes nothing.

Whether it came in time is judged by when the hub took it in, so that a redelivery or a backlog decides
nothing else; where an expiry is on record already, that stands.
"""

from vending.commands.inbox import told_late
from vending.commands.store import change_inbox, read_ended
from vending.events.commands import CommandResult
from vending.events.event import Event
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict
from vending.time import millis


async def close_command(event: Event, said: CommandResult, documents: Documents) -> None:
    """Take what the event says. Raises Transient, Malformed."""
    error = said.error if isinstance(said.error, str) else None
    machine, command, at = event.machine, said.command_id, millis(event.hub.enqueued)
    opened = await change_inbox(machine, documents, at, lambda inbox: inbox.tell(command, said.status, error))
    if not opened:
        await retry_on_conflict(
            f"command {command} of {machine}", lambda: _note_late(machine, said, documents)
        )


async def _note_late(machine: str, said: CommandResult, documents: Documents) -> None:
    """What a device did all the same is worth knowing; it opens nothing again."""
    found = await read_ended(machine, said.command_id, documents)
    if found is None:
        return
    held, etag = found
    if changed := told_late(held, said.status):
        await documents.write(machine, [Put(changed.dump(), etag)])
