"""An upload: one blob, ``uploads/{kind}/{machineId}/{date}/{id}``; and what processes those of a kind."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vending.errors import Rejected
from vending.events.envelope import Identifier

_NAME = re.compile(
    rf"(?P<kind>[a-z]{{1,16}})/(?P<machine>{Identifier})/\d{{4}}-\d\d-\d\d/(?P<id>[0-9a-f]{{32}})"
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a blob's name says."""

    kind: str
    machine: str
    id: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A blob that was admitted and came. ``content_type`` is what its sender said: nothing is proven."""

    id: str
    kind: str
    machine: str
    visit: str | None
    name: str
    """Of the blob, below the container."""
    etag: str
    """The version that was read, without quotes."""
    content_type: str
    at: datetime
    """When the blob was written, by the store's clock: the same whenever the upload is processed."""


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of an upload, for the log line and the record."""

    summary: str


class Processor(Protocol):
    """What an upload of one kind becomes. Idempotent by the upload's id: after a crash it is called again,
    with the same bytes. Raises Transient; what no retry will mend is Rejected, returned or raised."""

    async def __call__(self, upload: Upload, data: bytes, now: datetime) -> Processed | Rejected:
        """Process the whole blob; its size is within the bound of its kind."""
        ...


def name_of(place: Place, day: str) -> str:
    """The blob's name; ``day`` is ISO, by UTC."""
    return f"{place.kind}/{place.machine}/{day}/{place.id}"


def place_of(name: str) -> Place:
    """What the name says. Raises Rejected for one that was never given out."""
    if found := _NAME.fullmatch(name):
        return Place(**found.groupdict())
    raise Rejected("unknown-path", f"{name[:200]!r} is not kind/machine/date/id")
