"""Documents of which one field is stored compressed.

A packed field is text (:mod:`vending.packed`); one that is no text was never packed.
"""

from collections.abc import AsyncIterator, Sequence

from vending.packed import pack, unpack
from vending.ports import Documents, Filter, Put, Stored


class PackedDocuments:
    """The port Documents, in front of another that holds the field packed."""

    def __init__(self, documents: Documents, field: str) -> None:
        self._documents = documents
        self._field = field

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002 - Cosmos DB's own word
        """The document, or None."""
        stored = await self._documents.read(key, id)
        return self._unpacked(stored) if stored else None

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """As the store's own."""
        return await self._documents.write(key, [self._packed(put) for put in puts])

    async def select(
        self, key: str | None, *where: Filter, fields: Sequence[str] = ()
    ) -> AsyncIterator[Stored]:
        """The documents that match, of one partition key or (None) of all; with ``fields``, only those."""
        async for stored in self._documents.select(key, *where, fields=fields):
            yield self._unpacked(stored)

    def _packed(self, put: Put) -> Put:
        if self._field not in put.body:
            return put  # another document of the container
        return Put(put.body | {self._field: pack(put.body[self._field])}, put.etag)

    def _unpacked(self, stored: Stored) -> Stored:
        held = stored.body.get(self._field)
        if not isinstance(held, str):
            return stored
        return Stored(stored.body | {self._field: unpack(held)}, stored.etag)
