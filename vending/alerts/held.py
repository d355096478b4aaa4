"""Documents of the container ``alerts`` with the version that they were read at.

To read one raises Transient where newer code wrote it, Malformed where it is none of its kind; who asks for
those of all machines passes over the malformed ones.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from vending.documents.alerts import Alert, AlertDocument
from vending.documents.base import load
from vending.ports import Documents, Filter, Put, Stored
from vending.readable import readable


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
    return _held(stored, kind) if stored else None


async def select[Kind: AlertDocument](
    documents: Documents, kind: type[Kind], machine: str, *where: Filter
) -> AsyncIterator[Held[Kind]]:
    """Those of a kind that match, of one machine."""
    async for stored in documents.select(machine, ("type", "=", kind.type), *where):
        yield _held(stored, kind)


async def select_of_fleet[Kind: AlertDocument](
    documents: Documents, kind: type[Kind], *where: Filter
) -> AsyncIterator[Held[Kind] | None]:
    """Those of a kind that match, of all machines; None for one that is malformed, which is logged."""
    async for stored in documents.select(None, ("type", "=", kind.type), *where):
        document = readable(stored.body, kind)
        yield Held(document, stored.etag) if document else None


def _held[Kind: AlertDocument](stored: Stored, kind: type[Kind]) -> Held[Kind]:
    return Held(load(stored.body, kind), stored.etag)
