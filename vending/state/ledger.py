"""Ledger lines and the pages that hold them.

A page is written once, in the batch that marks its lines applied, and never changed (except where an operator
forgets events): it is what rollups, rebuilds and people count. Times are milliseconds since 1970 UTC, money
minor units.
"""

from collections.abc import Iterable, Mapping
from itertools import batched
from typing import cast

import msgspec
from msgspec import UNSET

from vending.documents.pages import LedgerPage, Line
from vending.events.base import LedgerEvent
from vending.events.event import Event
from vending.events.slices import slices

PAGE_LINES, PAGE_BYTES = 500, 262_144
"""Of a page that is made anew: some 150 KB; lines of audits are larger than others."""


_encode = msgspec.json.Encoder().encode


def line(event: Event) -> Line:
    """What the ledger keeps of an event."""
    data, number = event.data, event.ledger
    if not isinstance(data, LedgerEvent) or number is None:
        raise TypeError(f"{event.name} has no ledger line")
    common: Line = {
        "ledger": number,
        "sequence": event.envelope.sequence,
        "kind": data.line_kind,
        "at": event.at.ms,
        "quality": event.at.quality,
        "digest": event.digest,
    }
    facts = {name: fact for name, fact in data.facts().items() if fact is not UNSET}
    return cast("Line", common | facts)


def pages(machine: str, lines: Iterable[tuple[str, int, Line]]) -> list[LedgerPage]:
    """One page per (device, epoch) of new lines ``(device, epoch, line)``, named by its first number.

    A number is applied once, so no two pages ever claim the same name.
    """
    books: dict[tuple[str, int], list[Line]] = {}
    for device, epoch, entry in lines:
        books.setdefault((device, epoch), []).append(entry)
    return [_page(machine, device, epoch, entries) for (device, epoch), entries in sorted(books.items())]


def portions(machine: str, lines: Mapping[tuple[str, int, int], Line]) -> list[LedgerPage]:
    """Pages within :data:`PAGE_LINES` and :data:`PAGE_BYTES` for lines by (device, epoch, number)."""
    ordered = [(device, epoch, lines[device, epoch, number]) for device, epoch, number in sorted(lines)]
    return [
        page
        for portion in batched(ordered, PAGE_LINES, strict=False)
        for part in slices(portion, lambda entry: len(_encode(entry[2])), PAGE_BYTES)
        for page in pages(machine, part)
    ]


def page_id(device: str, epoch: int) -> str:
    """What the ids of a book's pages begin with, and none of another's."""
    return f"page:{device}:{epoch}:"


def _page(machine: str, device: str, epoch: int, lines: list[Line]) -> LedgerPage:
    lines.sort(key=lambda entry: entry["ledger"])
    times = [entry["at"] for entry in lines]
    first, last = lines[0]["ledger"], lines[-1]["ledger"]
    visits = _visits(lines)
    return LedgerPage(
        id=f"{page_id(device, epoch)}{first}",
        machine_id=machine,
        device_id=device,
        epoch=epoch,
        first=first,
        last=last,
        earliest=min(times),
        latest=max(times),
        lines=lines,
        visits=visits or None,
        visited=max(newest for _, newest in visits.values()) if visits else None,
    )


def _visits(lines: Iterable[Line]) -> dict[str, list[int]]:
    """Visit → times of the first and the last of its lines."""
    found: dict[str, list[int]] = {}
    for entry in lines:
        if (visit := entry.get("visit")) is not None:
            held = found.setdefault(visit, [entry["at"], entry["at"]])
            held[:] = min(held[0], entry["at"]), max(held[1], entry["at"])
    return found
