"""What people do with a dead letter over HTTP: send it again, as it was or corrected, or discard it.

To send it twice does no harm: ingest knows the event by its number. So a repetition whose first attempt died
between sending and its mark sends again.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from vending.errors import Rejected
from vending.events.event import MAX_BODY
from vending.ingest.dead_letter_address import letter_id, place_of
from vending.ingest.dead_letter_marks import Mark, write_mark
from vending.ingest.foresee import foresee
from vending.ingest.review_dead_letters import DeadLetter, State, discard, find, replay
from vending.ports import Blobs, Documents, Sender
from vending.writes.perform import Change
from vending.writes.refusals import NoTarget, Unsuitable
from vending.writes.request import Answer, Request


class Replay(Struct, frozen=True, forbid_unknown_fields=True):
    """``body``: the corrected event, as text; without one what was refused goes again."""

    body: Annotated[str, Meta(min_length=1, max_length=MAX_BODY)] | UnsetType = UNSET


class Discard(Struct, frozen=True, forbid_unknown_fields=True):
    """Of no use, and why."""

    note: Annotated[str, Meta(max_length=1_000)] = ""


class LetterActed(Struct, frozen=True, rename="camel"):
    """A dead letter after an act. ``sent`` is no end: it is ``applied``, or ``refused`` as another letter,
    when ingest had it."""

    letter_id: str
    place: str
    state: State


@dataclass(frozen=True)
class LetterStores:
    """Where dead letters lie, where they are sent, and where ingest writes."""

    blobs: Blobs
    sender: Sender
    machines: Documents
    registers: Documents


@dataclass(frozen=True)
class ReplayLetter:
    """The plan of a replay."""

    stores: LetterStores
    id: str
    asked: Replay

    async def __call__(self, request: Request) -> Change | Answer:
        """Sends it where ingest would count it. Raises Refusal, Transient."""
        letter = await found(self.stores.blobs, self.id)
        if letter.marks.final == "discarded":
            raise Unsuitable("It was discarded.")
        if letter.marks.final or _sent_by(letter, request):
            return _answer(letter, letter.state)
        corrected = self.asked.body.encode() if isinstance(self.asked.body, str) else None
        if letter.oversize is not None and corrected is None:
            raise Unsuitable("Only the archive has its body whole: send a corrected one.")
        event = letter.sent if corrected is None else replace(letter.hub, body=corrected, amqp=None)
        fate = (await foresee([event], self.stores.machines, self.stores.registers))[letter.position]
        if isinstance(fate, Rejected):
            raise Unsuitable(f"It would be refused again, {fate}: correct its body, or discard it.")
        after: State = "applied" if fate == "applied" else "sent"
        return Change(
            _acted(letter, letter.state),
            _acted(letter, after),
            lambda: self._commit(letter, after, request, corrected),
        )

    async def _commit(
        self, letter: DeadLetter, after: State, request: Request, corrected: bytes | None
    ) -> Answer:
        if after == "applied":
            await write_mark(self.stores.blobs, letter.position, Mark("applied", _moment(request)))
        else:
            await replay(self.stores.blobs, self.stores.sender, letter, _moment(request), corrected)
        return _answer(letter, after)


@dataclass(frozen=True)
class DiscardLetter:
    """The plan of a discard."""

    blobs: Blobs
    id: str
    asked: Discard

    async def __call__(self, request: Request) -> Change | Answer:
        """Marks it as of no use. Raises Refusal, Transient."""
        letter = await found(self.blobs, self.id)
        if letter.marks.final == "applied":
            raise Unsuitable("It is applied.")
        if letter.marks.final:
            return _answer(letter, "discarded")

        async def commit() -> Answer:
            await discard(self.blobs, letter, Mark("discarded", _moment(request), self.asked.note))
            return _answer(letter, "discarded")

        return Change(_acted(letter, letter.state), _acted(letter, "discarded"), commit)


async def found(blobs: Blobs, id: str) -> DeadLetter:  # noqa: A002 - as it is called in addresses
    """The letter. Raises NoTarget."""
    place = place_of(id)
    if place is not None:
        try:
            return await find(blobs, place)
        except LookupError as fault:
            if isinstance(fault, KeyError | IndexError):  # a bug, and shown as one
                raise
    raise NoTarget(f"There is no dead letter {id!r}.")


def _sent_by(letter: DeadLetter, request: Request) -> bool:
    """Whether the last replay is this request's own."""
    return request.repeated and letter.marks.sent is not None and letter.marks.sent.at == _moment(request)


def _moment(request: Request) -> datetime:
    return datetime.fromtimestamp(request.at / 1000, UTC)


def _acted(letter: DeadLetter, state: State) -> LetterActed:
    return LetterActed(letter_id(letter.position), letter.position, state)


def _answer(letter: DeadLetter, state: State) -> Answer:
    return Answer(200, _acted(letter, state))
