"""Dead letters: refused events, kept with the reason, the raw bytes and their position in the hub.

A body that is over the limit is kept in the archive alone: its letter has the beginning, the length, the
SHA-256 and the name of the archive's blob.
"""

import hashlib
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

from vending.archive.layout import blob_name
from vending.errors import Rejected
from vending.events.event import MAX_BODY
from vending.events.hub_event import HubEvent
from vending.events.records import encode, record, text_or_base64
from vending.events.slices import SLICE, size, slices
from vending.off_loop import off_loop
from vending.ports import Blobs

Refusal = tuple[HubEvent, Rejected]
"""A refused event, and why."""
HEAD = 4096
"""Bytes of an oversize body that its letter shows."""


class Refusals:
    """The refusals of a batch in their order; of an event once, however often it is retried."""

    def __init__(self) -> None:
        self._all: dict[str, Refusal] = {}

    def add(self, refusals: Iterable[Refusal]) -> None:
        """Note events for the dead letters."""
        for hub, fault in refusals:
            # Without the traceback, whose frames would keep the parsed body until the batch is done.
            self._all.setdefault(hub.position, (hub, Rejected(fault.reason, fault.detail)))

    def include(self, hub: HubEvent) -> bool:
        """Whether the event is refused."""
        return hub.position in self._all

    def __iter__(self) -> Iterator[Refusal]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)


def defect(fault: Exception) -> Rejected:
    """The refusal of an event that tripped a bug of ours, with the traceback."""
    return Rejected("defect", "".join(traceback.format_exception(fault))[-8_000:])


async def write_dead_letters(blobs: Blobs, refusals: Iterable[Refusal], version: str) -> list[Refusal]:
    """One blob per hub partition and batch, or more where they would be large; the same refusals again find
    their blobs already there. Those that do not are returned.

    The name holds a digest of all the sequence numbers: a stale owner's shorter batch gets a name of its own.
    """
    written: list[Refusal] = []
    ordered = sorted(refusals, key=lambda refusal: (_home(refusal), refusal[0].sequence))
    for home, group in groupby(ordered, _home):
        for rows in slices(group, _kept, SLICE):
            numbers = [hub.sequence for hub, _ in rows]
            digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).hexdigest()
            name = f"{home}/{numbers[0]:012d}-{numbers[-1]:012d}-{digest}.jsonl"
            content = await off_loop(sum(size(hub) for hub, _ in rows), partial(_lines, rows, version))
            if await blobs.create(name, content):
                written += rows
    return written


def _home(refusal: Refusal) -> str:
    return f"{refusal[0].generation}/{refusal[0].partition}"


def _kept(refusal: Refusal) -> int:
    """About the bytes of a letter."""
    hub, fault = refusal
    return size(hub) - (len(hub.body) - HEAD if len(hub.body) > MAX_BODY else 0) + len(fault.detail)


def _lines(rows: Sequence[Refusal], version: str) -> bytes:
    return b"".join(
        encode({"reason": fault.reason, "detail": fault.detail, "version": version} | _fields(hub))
        for hub, fault in rows
    )


def _fields(hub: HubEvent) -> dict[str, Any]:
    if len(hub.body) <= MAX_BODY:
        return record(hub)
    fields = record(replace(hub, body=b""))
    del fields["body"]
    cut = {
        "bytes": len(hub.body),
        "sha256": hashlib.sha256(hub.body).hexdigest(),
        "blob": blob_name(hub),
    } | text_or_base64("head", _head(hub.body))
    return fields | {"oversize": cut}


def _head(body: bytes) -> bytes:
    """The beginning, without a character that the cut would halve."""
    end = HEAD
    while end > HEAD - 4 and body[end] & 0xC0 == 0x80:
        end -= 1
    return body[:end]
