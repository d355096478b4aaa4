"""Stores in memory, for what is computed once and thrown away: the rebuild of one machine."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import count
from operator import eq, ge, gt, le, lt
from typing import Any

import msgspec

from vending.errors import Conflict
from vending.ports import Filter, Put, Stored

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": eq,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "in": lambda held, given: held in given,
}


class ScratchDocuments:
    """The port Documents. What is read and written is nobody else's."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._versions = count(1)

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002 - Cosmos DB's own word
        """The document, or None."""
        held = self._held.get((key, id))
        return Stored(msgspec.json.decode(held[1]), held[0]) if held else None

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """All of the writes or none; their versions. Raises Conflict when one moved or an id is taken."""
        for put in puts:
            held = self._held.get((key, put.body["id"]))
            if put.etag != (held[0] if held else None):
                raise Conflict(f"{key}/{put.body['id']}")
        version = str(next(self._versions))
        for put in puts:
            self._held[key, put.body["id"]] = version, msgspec.json.encode(put.body)
        return [version] * len(puts)

    async def select(
        self, key: str | None, *where: Filter, fields: Sequence[str] = ()
    ) -> AsyncIterator[Stored]:
        """The documents that match; with ``fields``, only those."""
        for (owner, _), (version, data) in sorted(self._held.items()):
            body = msgspec.json.decode(data) if key in (None, owner) else {}
            if body and all(name in body and COMPARE[how](body[name], value) for name, how, value in where):
                chosen = {name: body[name] for name in fields if name in body} if fields else body
                yield Stored(chosen, version)


class Unkept:
    """What ingest needs of blobs, for dead letters that were written when the events came."""

    async def create(self, name: str, data: bytes) -> bool:  # noqa: ARG002
        """Taken, and not kept."""
        return True
