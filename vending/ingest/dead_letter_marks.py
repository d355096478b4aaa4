"""What people did with dead letters, as blobs beside them; each is written once and never changed.

``marks/{generation}/{partition}/{sequence number}-{what}.json``, where *what* is ``replayed-{attempt}``,
``applied`` or ``discarded``. A mark ``replayed`` says that an event was sent, and no more: whether ingest
took it is seen where ingest writes. ``applied`` says that it was seen. (Versions before wrote one mark for a
letter, without *what*: its content tells.)
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from vending.ports import Blobs

MARKS = "marks/"
NAME = re.compile(
    r"marks/(?P<home>.+)/(?P<number>\d{12})"
    r"(-(?P<final>applied|discarded)|-replayed-(?P<attempt>\d+))?\.json"
)
Final = Literal["applied", "discarded"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What was done with a dead letter. ``body``: what was sent, where that was not the letter's own."""

    action: Literal["replayed"] | Final
    at: datetime
    note: str = ""
    body: bytes | None = None


@dataclass(slots=True)
class Marks:
    """The marks of one dead letter."""

    final: Final | None = None
    attempts: int = 0
    """How often it was sent again."""
    sent: Mark | None = None
    """The last of these; only read where the letter is not done."""


async def read_marks(blobs: Blobs, position: str = "") -> dict[str, Marks]:
    """The marks by the positions of their letters: of all, or of one."""
    found: dict[str, Marks] = {}
    last: dict[str, str] = {}
    async for name in blobs.names(_stem(position) if position else MARKS):
        told = NAME.fullmatch(name)
        if told is None:
            continue
        key = f"{told['home']}@{int(told['number'])}"
        own = found.setdefault(key, Marks())
        if told["final"]:
            own.final = "applied" if "applied" in (own.final, told["final"]) else "discarded"
        elif (attempt := int(told["attempt"] or 1)) > own.attempts:
            own.attempts, last[key] = attempt, name
    for key, own in found.items():
        if own.final is None:
            own.sent = await _read(blobs, last[key])
            if own.sent.action != "replayed":
                own.final, own.sent, own.attempts = own.sent.action, None, 0
    return found


async def history(blobs: Blobs, position: str) -> list[Mark]:
    """All that was done with a dead letter, in the order of time."""
    marks = [await _read(blobs, name) async for name in blobs.names(_stem(position)) if NAME.fullmatch(name)]
    return sorted(marks, key=lambda mark: mark.at)


async def write_mark(blobs: Blobs, position: str, mark: Mark, attempt: int = 1) -> bool:
    """Write a mark; False where it stands already."""
    what = f"replayed-{attempt}" if mark.action == "replayed" else mark.action
    return await blobs.create(f"{_stem(position)}-{what}.json", msgspec.json.encode(mark))


async def _read(blobs: Blobs, name: str) -> Mark:
    return msgspec.json.decode(await blobs.read(name), type=Mark)


def _stem(position: str) -> str:
    home, _, number = position.partition("@")
    return f"{MARKS}{home}/{int(number):012d}"
