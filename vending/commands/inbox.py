"""The commands of one machine, changed in place: asked, delivered, told of, cancelled, expired. Pure.

All that is open stands in one document, replaced If-Match: so whoever is first decides, and a command that is
over is in it no more. That it takes effect at most once is the device's part (it remembers the ids that it
began), and ours where its memory ends: a board of a newer epoch remembers nothing of the older ones, so it
never gets what one of them was given.
"""

from msgspec import structs

from vending.commands.pace import redeliver_at
from vending.documents.commands import Command, CommandInbox, EndedCommand, State, ended_id
from vending.events.publishers import Publisher

MOST_OPEN = 16
"""Of a machine."""
RESULT_GRACE = 10 * 60_000
"""Milliseconds after its expiry for which a delivered command waits for the device's word: it may have begun
at the last moment, and events come in batches."""


class TooMany(Exception):
    """The machine has as many open commands as there may be."""


class Inbox:
    """A machine's open commands; ``ended`` are those that have left them meanwhile, to be written with it."""

    def __init__(self, document: CommandInbox, now: int) -> None:
        self.machine = document.machine_id
        self.now = now
        self.ended: list[EndedCommand] = []
        self._document = document
        self.opened = list(document.commands)
        self._expire()

    @property
    def document(self) -> CommandInbox:
        """As it is to be stored."""
        return structs.replace(self._document, commands=self.opened)

    @property
    def changed(self) -> bool:
        """Whether there is something to write."""
        return bool(self.ended) or self.opened != self._document.commands

    def find(self, command: str) -> Command | None:
        """The open command of that id."""
        return next((one for one in self.opened if one.command_id == command), None)

    def known(self, command: str) -> Command | None:
        """The command of that id that is open, or that ended just now."""
        over = (one.command for one in self.ended if one.command.command_id == command)
        return self.find(command) or next(over, None)

    def ask(self, command: Command) -> None:
        """One more, behind the others. Raises TooMany."""
        if len(self.opened) >= MOST_OPEN:
            raise TooMany(f"{self.machine} has {MOST_OPEN} open commands; wait for them, or cancel some")
        self.opened.append(command)

    def fetch(self, board: Publisher) -> list[Command]:
        """What the board is to do now, in order; it counts as delivered. A board that another one has
        replaced gets nothing."""
        if any(one.epoch is not None and one.epoch > board.epoch for one in self.opened):
            return []
        self._fail_of_older(board)
        due = [one for one in self.opened if one.expires_at - self.now >= 1000 and self._is_due(one)]
        return [self._deliver(one, board) for one in due]

    def under_way(self, board: Publisher) -> list[Command]:
        """What the board was given, and nobody told the outcome of."""
        return [one for one in self.opened if one.epoch == board.epoch]

    def tell(self, command: str, status: str, error: str | None) -> bool:
        """What a device said of a command; whether it is open. That it has it changes nothing: it was given
        it."""
        held = self.find(command)
        if held is None:
            return False
        if status in ("succeeded", "failed", "expired"):
            self._end(held, status, error)  # type: ignore[arg-type]  # one of the three
        return True

    def cancel(self, command: str, by: str) -> None:
        """Take it back; nothing happens where a device was given it, which may be at it already."""
        held = self.find(command)
        if held is not None and held.state == "queued":
            self._end(held, "cancelled", by=by)

    def _expire(self) -> None:
        for one in self.opened[:]:
            if self.now >= one.expires_at + (RESULT_GRACE if one.state == "delivered" else 0):
                self._end(one, "expired")

    def _fail_of_older(self, board: Publisher) -> None:
        """Nobody knows any more whether a replaced board did what it was given."""
        for one in self.opened[:]:
            if one.epoch is not None and one.epoch < board.epoch:
                said = f"given to {one.device} (epoch {one.epoch}), which epoch {board.epoch} replaced"
                self._end(one, "failed", said)

    def _is_due(self, one: Command) -> bool:
        return one.state == "queued" or redeliver_at(one) <= self.now

    def _deliver(self, one: Command, board: Publisher) -> Command:
        given = structs.replace(
            one,
            state="delivered",
            deliveries=one.deliveries + 1,
            delivered_at=self.now,
            device=board.device,
            epoch=board.epoch,
        )
        self.opened[self.opened.index(one)] = given
        return given

    def _end(self, held: Command, state: State, error: str | None = None, by: str | None = None) -> None:
        self.opened.remove(held)
        over = structs.replace(held, state=state, ended_at=self.now, ended_by=by, error=error)
        self.ended.append(
            EndedCommand(
                id=ended_id(held.command_id),
                machine_id=self.machine,
                asked_at=held.asked_at,
                command=over,
            )
        )


def told_late(held: EndedCommand, status: str) -> EndedCommand | None:
    """The command with what a device told of it when it was over; None where that says nothing new."""
    over = held.command
    if over.late is not None or status in ("received", over.state):
        return None
    return structs.replace(held, command=structs.replace(over, late=status))
