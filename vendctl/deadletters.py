"""Events that were refused, and what to do with them.

A place is ``generation/partition@number``, as ``list`` shows it. ``replay`` sends the event again, as it was
or with a corrected body, and marks it; a dead letter that is marked is not sent a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from vending.errors import Rejected
from vending.ports import Blobs
from vending.usecases.review_dead_letters import (
    DeadLetter,
    Mark,
    Sender,
    dead_letters,
    find,
    mark_of,
    replay,
    settle,
    utc,
)

SHOWN = 100
"""Characters of a line of ``list``."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one dead letter."""

    place: str
    outcome: Literal["sent again", "discarded", "nothing", "refused"]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.detail or self.outcome}"


def row(letter: DeadLetter) -> str:
    """A line of the list."""
    detail = letter.detail.splitlines()[-1] if letter.detail else ""
    settled = "settled " if letter.settled else ""
    return f"{letter.place:<24} {utc(letter.hub.enqueued)} {settled}{letter.reason}: {detail}"[: SHOWN + 40]


def details(letter: DeadLetter, mark: Mark | None) -> dict[str, Any]:
    """Everything that is known, as JSON."""
    hub = letter.hub
    return {
        "place": letter.place,
        "reason": letter.reason,
        "detail": letter.detail,
        "version": letter.version,
        "enqueued": utc(hub.enqueued),
        "offset": hub.offset,
        "key": hub.key,
        "properties": dict(hub.properties),
        "system": dict(hub.system),
        "body": hub.body.decode("utf-8", "backslashreplace"),
        **({} if hub.amqp is None else {"amqp": dict(hub.amqp)}),
        "became": {"action": mark.action, "at": utc(mark.at), "note": mark.note} if mark else None,
    }


async def listed(blobs: Blobs, reason: str | None, settled: bool) -> list[DeadLetter]:
    """Those to settle, or all of them; of one reason, or of any."""
    found = dead_letters(blobs, settled=settled)
    return [letter async for letter in found if reason in (None, letter.reason)]


async def shown(blobs: Blobs, place: str) -> tuple[DeadLetter, dict[str, Any]]:
    """One dead letter, and all that is known of it. Raises LookupError."""
    letter = await find(blobs, place)
    return letter, details(letter, await mark_of(blobs, letter.place))


async def replayed(
    blobs: Blobs, sender: Sender, letters: Sequence[DeadLetter], now: datetime, corrected: bytes | None
) -> list[Done]:
    """Send again. A letter that would be refused again is left as it is."""
    return [await _replayed(blobs, sender, letter, now, corrected) for letter in letters]


async def _replayed(
    blobs: Blobs, sender: Sender, letter: DeadLetter, now: datetime, corrected: bytes | None
) -> Done:
    try:
        standing = await replay(blobs, sender, letter, now, corrected)
    except Rejected as fault:
        return Done(letter.place, "refused", f"would be refused again, {fault}; give a corrected --body")
    return Done(letter.place, "nothing", told(standing)) if standing else Done(letter.place, "sent again")


async def discarded(blobs: Blobs, letters: Sequence[DeadLetter], now: datetime, note: str) -> list[Done]:
    """Mark as of no use."""
    done = []
    for letter in letters:
        standing = await settle(blobs, letter.place, Mark("discarded", now, note))
        done.append(Done(letter.place, *(("nothing", told(standing)) if standing else ("discarded",))))
    return done


async def chosen(blobs: Blobs, places: Sequence[str], reason: str | None) -> list[DeadLetter]:
    """Those named, or all open ones of a reason. Raises LookupError where no letter has that."""
    if places:
        return [await find(blobs, place) for place in places]
    found = await listed(blobs, reason, settled=False)
    if not found:
        reasons = {letter.reason for letter in await listed(blobs, None, settled=True)}
        if reason not in reasons:
            there = ", ".join(sorted(reasons)) or "none at all"
            raise LookupError(f"no dead letter has the reason {reason!r}; there are: {there}")
    return found


def told(mark: Mark) -> str:
    """A mark for people."""
    return f"was {mark.action} {mark.note + ' ' if mark.note else ''}at {utc(mark.at)}; nothing done"
