"""Events that were refused, and what to do with them.

A position is ``generation/partition@number``, as ``list`` shows it. What is sent again is waited for in
:mod:`vendctl.sent_again`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vendctl.letters import about
from vendctl.sent_again import Done
from vending import wiring
from vending.events.records import text_or_base64
from vending.ingest.dead_letter_marks import Mark, history
from vending.ingest.review_dead_letters import (
    TO_DO,
    DeadLetter,
    State,
    applied,
    dead_letters,
    discard,
    find,
    utc,
    whole_body,
)
from vending.ports import Blobs

SHOWN = 100
"""Characters of a line of ``list``."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters: of a reason, about a machine, of a device; None: of any."""

    reason: str | None = None
    machine: str | None = None
    device: str | None = None

    def __str__(self) -> str:
        whose = {"about": self.machine, "of": self.device}
        return "".join(f" {word} {name}" for word, name in whose.items() if name)

    def has(self, letter: DeadLetter) -> bool:
        """Whether it is one of them."""
        return self.reason in (None, letter.reason) and about(letter.hub, self.machine, self.device)


def row(letter: DeadLetter, state: State) -> str:
    """A line of the list."""
    detail = letter.detail.splitlines()[-1] if letter.detail else ""
    did = "" if state == "open" else f"{state}{' as ' if letter.again else ''}{', '.join(letter.again)} "
    return f"{letter.position:<24} {utc(letter.hub.enqueued)} {did}{letter.reason}: {detail}"[: SHOWN + 40]


def details(letter: DeadLetter, state: State | None = None) -> dict[str, Any]:
    """Everything that is known, as JSON."""
    hub, cut = letter.hub, letter.oversize
    return {
        "place": letter.position,
        "reason": letter.reason,
        "detail": letter.detail,
        "version": letter.version,
        "state": state or letter.state,
        "refusedAs": list(letter.again),
        "enqueued": utc(hub.enqueued),
        "offset": hub.offset,
        "key": hub.key,
        "properties": dict(hub.properties),
        "system": dict(hub.system),
        **text_or_base64("body" if cut is None else "head", hub.body),
        **({} if cut is None else {"oversize": {"bytes": cut.bytes, "sha256": cut.sha256, "blob": cut.blob}}),
        **({} if hub.amqp is None else {"amqp": dict(hub.amqp)}),
    }


async def listed(blobs: Blobs, wanted: Wanted, settled: bool) -> list[tuple[DeadLetter, State]]:
    """Those to settle, or all of them, with their states."""
    found = [
        letter
        async for letter in dead_letters(blobs)
        if wanted.has(letter) and (settled or letter.state in TO_DO)
    ]
    done = await _applied(found)
    judged: list[tuple[DeadLetter, State]] = [
        (letter, "applied" if letter.position in done else letter.state) for letter in found
    ]
    return [(letter, state) for letter, state in judged if settled or state in TO_DO]


async def shown(blobs: Blobs, position: str) -> tuple[DeadLetter, dict[str, Any]]:
    """One dead letter, and all that is known of it. Raises LookupError."""
    letter = await find(blobs, position)
    done = await _applied([letter])
    marks = await history(blobs, letter.position)
    became = [{"action": mark.action, "at": utc(mark.at), "note": mark.note} for mark in marks]
    return letter, details(letter, "applied" if done else None) | {"became": became}


async def _applied(letters: Iterable[DeadLetter]) -> set[str]:
    """Of those that were sent again, the positions of those that are applied; reads nothing for none."""
    sent = [letter for letter in letters if letter.state == "sent"]
    return await applied(sent, wiring.machines(), wiring.conditions()) if sent else set()


async def body_of(letter: DeadLetter) -> bytes:
    """Its bytes, whole: of an oversize one from the archive. Raises LookupError."""
    return await whole_body(wiring.archive_blobs(), letter) if letter.oversize else letter.hub.body


async def discarded(blobs: Blobs, letters: Sequence[DeadLetter], now: datetime, note: str) -> list[Done]:
    """Mark as of no use."""
    return [await _discarded(blobs, letter, Mark("discarded", now, note)) for letter in letters]


async def _discarded(blobs: Blobs, letter: DeadLetter, mark: Mark) -> Done:
    if await discard(blobs, letter, mark):
        return Done(letter.position, "discarded")
    return Done(letter.position, "nothing", f"was {letter.state} before; nothing done")


async def chosen(blobs: Blobs, positions: Sequence[str], wanted: Wanted) -> list[DeadLetter]:
    """Those named, or of a reason all that are not done. Raises LookupError where no letter is meant."""
    if positions:
        found = [letter for position in positions if wanted.has(letter := await find(blobs, position))]
        if not found:
            raise LookupError(f"no dead letter that was named is one{wanted}")
        return found
    found, reasons = [], set()
    async for letter in dead_letters(blobs):
        reasons.add(letter.reason)
        if wanted.has(letter) and letter.state in TO_DO:
            found.append(letter)
    if wanted.reason not in reasons:
        there = ", ".join(sorted(reasons)) or "none at all"
        raise LookupError(f"no dead letter has the reason {wanted.reason!r}; there are: {there}")
    return found
