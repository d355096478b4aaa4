"""Documents of the container ``alerts`` with the version that they were read at.

To read one raises Transient where newer code wrote it, Malformed where it is none of its kind; who asks for
those of all machines passes over the malformed ones.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from itertools import batched

from vending.documents.alerts import Alert, AlertDocument, Episode
from vending.documents.base import load
from vending.ports import Documents, Filter, Put, Stored
from vending.readable import readable

MACHINES_A_QUERY = 100


@dataclass(frozen=True, slots=True)
class Held[Kind: AlertDocument]:
    """A document, and what a conditional write of it needs."""

    document: Kind
    etag: str

    def put(self, changed: Kind) -> Put:
        """The write that replaces this version."""
        return Put(changed.dump(), self.etag)


type HeldAlert = Held[Alert]


async def read[Kind: AlertDocument](
    documents: Documents, kind: type[Kind], machine: str, name: str
) -> Held[Kind] | None:
    """The document with that id, or None."""
    stored = await documents.read(machine, name)
    return loaded(stored, kind) if stored else None


async def select[Kind: AlertDocument](
    documents: Documents, kind: type[Kind], machine: str, *where: Filter
) -> AsyncIterator[Held[Kind]]:
    """Those of a kind that match, of one machine."""
    async for stored in documents.select(machine, ("type", "=", kind.type), *where):
        yield loaded(stored, kind)


async def select_of_fleet[Kind: AlertDocument](
    documents: Documents, kind: type[Kind], *where: Filter
) -> AsyncIterator[Held[Kind] | None]:
    """Those of a kind that match, of all machines; None for one that is malformed, which is logged."""
    async for stored in documents.select(None, ("type", "=", kind.type), *where):
        document = readable(stored.body, kind)
        yield Held(document, stored.etag) if document else None


async def newest_episodes(documents: Documents, alert: Alert, most: int) -> list[Episode]:
    """Of an alert, those that are over, at most so many, the newest first. They are found by their ids."""
    last = alert.episode - (alert.state == "open")
    numbers = range(last, max(0, last - most), -1)
    names = tuple(f"episode:{alert.rule}:{alert.component}:{number}" for number in numbers)
    if not names:
        return []
    found = [
        held.document async for held in select(documents, Episode, alert.machine_id, ("id", "in", names))
    ]
    return sorted(found, key=lambda episode: -episode.episode)


async def of_machines(
    documents: Documents, machines: Iterable[str], rules: Sequence[str]
) -> dict[str, list[Stored]]:
    """The alerts of some rules by machine, not loaded: one that cannot be costs its own machine only."""
    found: dict[str, list[Stored]] = {}
    for portion in batched(machines, MACHINES_A_QUERY, strict=False):
        of: list[Filter] = [("machineId", "in", portion), ("rule", "in", rules)]
        async for stored in documents.select(None, ("type", "=", Alert.type), *of):
            found.setdefault(stored.body["machineId"], []).append(stored)
    return found


def loaded[Kind: AlertDocument](stored: Stored, kind: type[Kind]) -> Held[Kind]:
    """A document of a query."""
    return Held(load(stored.body, kind), stored.etag)


def by_id(stored: Iterable[Stored]) -> dict[str, HeldAlert]:
    """Alerts of a query, of one machine."""
    return {held.document.id: held for held in (loaded(alert, Alert) for alert in stored)}
