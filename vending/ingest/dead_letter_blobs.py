"""The blobs of dead letters, newest first, without listing all of them.

A store lists names in their order only, from the beginning of a prefix. So where one has more names than a
listing gives at once, it is split by the next digit of the sequence number, the highest first.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from itertools import count
from typing import Protocol

from vending.ports import Blobs

NAMES = 5_000
"""Of one listing: a request to Blob Storage."""
DIGITS = 12
"""Of a sequence number in a name."""
LOOKED_AT = 1_000
"""Names that may hold a number, at the most: batches overlap where a partition changed its owner, and by no
more than what a batch holds."""
NAME = re.compile(r"(?P<home>[^/]+/[^/]+/)(?P<first>\d{12,})-(?P<last>\d{12,})-[0-9a-f]+\.jsonl")


class LetterBlobs(Blobs, Protocol):
    """The container of dead letters."""

    def folders(self, prefix: str = "") -> AsyncIterator[str]:
        """What stands below a prefix up to the next ``/``, which ends each, in order."""
        ...


async def partitions(blobs: LetterBlobs, generation: str) -> list[str]:
    """The hub partitions that ever had an event refused, in one life of the hub."""
    home = f"{generation}/"
    found = [name.removeprefix(home).rstrip("/") async for name in blobs.folders(home)]
    return sorted(found, key=lambda partition: (len(partition), partition))


async def newest(blobs: LetterBlobs, home: str, upto: str | None = None) -> AsyncGenerator[str]:
    """The names below ``generation/partition/``, by their first number, the highest first; ``upto``: none
    that is greater."""
    waiting = [home]
    while waiting:
        prefix = waiting.pop()
        if upto is not None and prefix > upto[: len(prefix)]:
            continue
        names = await _first(blobs, prefix, NAMES + 1)
        if len(names) > NAMES and len(prefix) < len(home) + DIGITS:
            waiting += [f"{prefix}{digit}" for digit in range(10)]
            continue
        for name in reversed(names):
            if upto is None or name <= upto:
                yield name


async def holding(blobs: LetterBlobs, home: str, number: int) -> AsyncGenerator[str]:
    """The names of which one may hold the letter of a sequence number."""
    looked = count(1)
    async with aclosing(newest(blobs, home, f"{home}{number:0{DIGITS}d}~")) as names:
        async for name in names:
            told = NAME.fullmatch(name)
            if told and int(told["first"]) <= number <= int(told["last"]):
                yield name
            if next(looked) == LOOKED_AT:
                return


async def _first(blobs: LetterBlobs, prefix: str, most: int) -> list[str]:
    found: list[str] = []
    async for name in blobs.names(prefix):
        found.append(name)
        if len(found) == most:
            break
    return found
