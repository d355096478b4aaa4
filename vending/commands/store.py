"""The inbox as it is stored: read, changed and replaced If-Match, together with what left it."""

from collections.abc import Callable
from typing import NamedTuple

from vending.commands.inbox import Inbox
from vending.documents.base import load
from vending.documents.commands import INBOX, CommandInbox, EndedCommand, ended_id
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict


class HeldInbox(NamedTuple):
    """An inbox, and the version that it was read at; None where none is stored."""

    inbox: Inbox
    etag: str | None


async def read_inbox(machine: str, documents: Documents, now: int) -> HeldInbox:
    """One point read; what expired has left it, and is not written yet. Raises Transient, Malformed."""
    stored = await documents.read(machine, INBOX)
    held = load(stored.body, CommandInbox) if stored else CommandInbox(machine_id=machine)
    return HeldInbox(Inbox(held, now), stored.etag if stored else None)


async def write_inbox(held: HeldInbox, documents: Documents) -> None:
    """Write what changed, in one batch. Raises Conflict, Transient."""
    inbox, etag = held
    if inbox.changed:
        ended = [Put(one.dump()) for one in inbox.ended]
        await documents.write(inbox.machine, [Put(inbox.document.dump(), etag), *ended])


async def change_inbox[Outcome](
    machine: str, documents: Documents, now: int, act: Callable[[Inbox], Outcome]
) -> Outcome:
    """Change it and write it; again from the start where another writer was first. Raises Transient."""

    async def attempt() -> Outcome:
        held = await read_inbox(machine, documents, now)
        outcome = act(held.inbox)
        await write_inbox(held, documents)
        return outcome

    return await retry_on_conflict(f"the commands of {machine}", attempt)


async def read_ended(machine: str, command: str, documents: Documents) -> tuple[EndedCommand, str] | None:
    """A command that is over with its version, or None. Raises Transient, Malformed."""
    stored = await documents.read(machine, ended_id(command))
    return (load(stored.body, EndedCommand), stored.etag) if stored else None
