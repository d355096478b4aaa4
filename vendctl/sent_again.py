"""Dead letters that are sent again: judged before, and waited for until ingest has applied or refused each.

Sending is no outcome. A letter is done when what it says is counted; one that is refused again is another
dead letter, which is named.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from devstack.commandline import Exit
from vending.errors import Rejected
from vending.events.hub_event import HubEvent
from vending.ingest.dead_letter_marks import Mark, write_mark
from vending.ingest.foresee import foresee
from vending.ingest.review_dead_letters import DeadLetter, Refusals
from vending.ingest.review_dead_letters import replay as send
from vending.ports import Blobs, Documents, Sender
from vending.state.stock import GIVEN_UP

POLL = 1.0
"""Seconds between two looks."""


@dataclass(frozen=True)
class Desk:
    """Where dead letters lie, where they are sent, and where ingest writes."""

    blobs: Blobs
    sender: Sender
    machines: Documents
    registers: Documents


@dataclass(frozen=True)
class Sending:
    """What to send: letters, or one with a corrected body; and how long to wait for it, in seconds."""

    letters: Sequence[DeadLetter]
    now: datetime
    corrected: bytes | None = None
    patience: float = 60.0
    resend: bool = True
    """Whether those that were sent before and are not applied yet are sent once more, or only waited for."""


Became = Literal["applied", "refused", "not yet", "discarded", "nothing"]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one dead letter; ``refused``: again, or not sent because it would be."""

    position: str
    outcome: Became
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.position}: {self.detail or self.outcome}"

    def told(self) -> dict[str, str]:
        """As JSON."""
        return {"place": self.position, "outcome": self.outcome, "detail": self.detail}


@dataclass
class Outcome:
    """What became of the letters; ``tell`` is told a line of each as it is known."""

    tell: Callable[[str], None]
    done: list[Done] = field(default_factory=list)
    waiting: dict[str, tuple[int, HubEvent]] = field(default_factory=dict)
    """By position: attempt, and what was sent."""

    def became(self, position: str, outcome: Became, detail: str = "") -> None:
        """That is known now."""
        self.waiting.pop(position, None)
        self.done.append(Done(position, outcome, detail))
        self.tell(str(self.done[-1]))

    def count(self, outcome: Became) -> int:
        """How many became that."""
        return sum(one.outcome == outcome for one in self.done)

    @property
    def code(self) -> Exit:
        """The exit code."""
        if self.count("refused"):
            return Exit.WRONG
        return Exit.NOT_YET if self.count("not yet") else Exit.DONE

    def summary(self) -> str:
        """The counts, for people."""
        told: tuple[Became, ...] = ("applied", "refused", "not yet")
        return ", ".join(f"{self.count(outcome)} {outcome}" for outcome in told)


async def replay(desk: Desk, sending: Sending, tell: Callable[[str], None]) -> Outcome:
    """Send the letters again and wait. Raises Transient."""
    outcome = Outcome(tell)
    await _send(desk, sending, outcome)
    refusals = Refusals(desk.blobs)
    clock = asyncio.get_running_loop().time
    until = clock() + sending.patience
    await _look(desk, refusals, sending.now, outcome)
    while outcome.waiting and clock() < until:
        await asyncio.sleep(POLL)
        await _look(desk, refusals, sending.now, outcome)
    for position in list(outcome.waiting):
        outcome.became(position, "not yet", "sent, and neither applied nor refused yet")
    return outcome


async def _send(desk: Desk, sending: Sending, outcome: Outcome) -> None:
    events = {
        letter.position: _event(letter, sending.corrected)
        for letter in sending.letters
        if not letter.marks.final and not _cut(letter, sending.corrected)
    }
    fates = await foresee(list(events.values()), desk.machines, desk.registers)
    for letter in sending.letters:
        position, attempt = letter.position, letter.marks.attempts
        fate = fates.get(position)
        if (cut := _cut(letter, sending.corrected)) and not letter.marks.final:
            why = f"oversize: {cut} bytes, of which the archive holds all; `show --body FILE` fetches it"
            outcome.became(position, "refused", f"would be refused again, {why}; give a corrected --body")
        elif fate is None:
            outcome.became(position, "nothing", f"was {letter.state} before; nothing done")
        elif isinstance(fate, Rejected):
            advice = "discard it" if fate.reason in GIVEN_UP else "give a corrected --body"
            outcome.became(position, "refused", f"would be refused again, {fate}; {advice}")
        elif fate == "applied" or (letter.state == "sent" and not sending.resend):
            outcome.waiting[position] = attempt, events[position]
        else:
            await send(desk.blobs, desk.sender, letter, sending.now, sending.corrected)
            outcome.waiting[position] = attempt + 1, events[position]


def _cut(letter: DeadLetter, corrected: bytes | None) -> int:
    """The bytes of what would be sent, where only the beginning of it is at hand; else 0."""
    if letter.oversize is None or corrected is not None or letter.sent is not letter.hub:
        return 0
    return letter.oversize.bytes


def _event(letter: DeadLetter, corrected: bytes | None) -> HubEvent:
    return letter.sent if corrected is None else replace(letter.hub, body=corrected, amqp=None)


async def _look(desk: Desk, refusals: Refusals, now: datetime, outcome: Outcome) -> None:
    """Who waits no more. A refusal goes first: something newer may cover what was refused."""
    await refusals.look()
    for position, (attempt, _) in list(outcome.waiting.items()):
        if attempt and (again := refusals.of(position, attempt)):
            told = [f"refused again as {other}, {why.splitlines()[-1]}" for other, why in again.items()]
            outcome.became(position, "refused", "; ".join(told))
    events = [event for _, event in outcome.waiting.values()]
    for position, fate in (await foresee(events, desk.machines, desk.registers)).items():
        if fate == "applied":
            await write_mark(desk.blobs, position, Mark("applied", now))
            outcome.became(position, "applied")
