"""Commands to machines, in the container ``commands``: what is open of a machine in one document, which a
device's poll reads whole, and each one that is over in its own.

Times are milliseconds since 1970 UTC. All of it expires (``ttl``, seconds after the last write): the longest
that a command can be open is a week, so none expires with its document before its end. What changes a command
is :mod:`vending.commands.inbox`.
"""

from typing import Literal

from msgspec import field

from vending.documents.base import Body, Document, Extensible

INBOX = "inbox"
PREFIX = "command:"
"""Of the ids of those that are over."""
KEPT_SECONDS = 90 * 24 * 3600
State = Literal["queued", "delivered", "succeeded", "failed", "expired", "cancelled"]


class Command(Extensible, kw_only=True):
    """One order to a machine. ``queued`` and ``delivered`` are open, every other state is final."""

    command_id: str
    action: Body
    """What to do, as it was asked: see :mod:`vending.commands.actions`."""
    asked_at: int
    asked_by: str
    expires_at: int
    """No device begins it then or later."""
    state: State = "queued"
    deliveries: int = 0
    """How often a device was given it; the last time when, and to which board."""
    delivered_at: int | None = None
    device: str | None = None
    epoch: int | None = None
    ended_at: int | None = None
    ended_by: str | None = None
    """Who cancelled it."""
    error: str | None = None
    """Why it failed."""
    late: str | None = None
    """What a device told of it when it was over otherwise."""


class CommandDocument(Document, kw_only=True):
    """Base of both."""

    schema = 1
    key = "machineId"

    machine_id: str
    ttl: int = KEPT_SECONDS


class CommandInbox(CommandDocument, kw_only=True):
    """The open commands of a machine, in the order in which they were asked."""

    type = "command-inbox"

    id: str = INBOX
    commands: list[Command] = field(default_factory=list)


class EndedCommand(CommandDocument, kw_only=True):
    """``command:{commandId}``: one that is over."""

    type = "command"

    asked_at: int
    """The command's, again: listings read it without the rest."""
    command: Command


def ended_id(command: str) -> str:
    """The id of the document of a command that is over."""
    return PREFIX + command
