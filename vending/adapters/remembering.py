"""A cache of documents as this process last read or wrote them: it saves most reads.

What is remembered may be old. That does no harm to who writes with If-Match: an old version is refused, then
forgotten, and the next read is a real one. And "nothing new" said of an old version is true of a newer one,
because applied numbers, marks and registers only grow (except where an operator mends a machine: then
:meth:`RememberedDocuments.clear`). Documents above a size are not remembered, nor those on which a refusal
rests that a newer version may not bear out.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import msgspec

from vending.documents.base import Body
from vending.documents.stock import has_retired
from vending.ports import Documents, Filter, Put, Stored


@dataclass(frozen=True)
class Share:
    """What is remembered: documents of a type, of at most ``each`` bytes, ``most`` in all (as JSON)."""

    type: str
    each: int
    most: int
    spare: Callable[[Body], bool] = lambda _: False
    """Which documents are read each time all the same."""


STOCKS = Share("stock", each=8_000, most=8_000_000, spare=has_retired)
"""Some 4,000 ordinary machines. Whether a book is retired is read from the stock as it is."""
CONDITIONS = Share("conditions", each=2_000_000, most=16_000_000)


class RememberedDocuments:
    """The port Documents, in front of another. Nobody may change a body that was read or written."""

    def __init__(self, documents: Documents, share: Share) -> None:
        self._documents = documents
        self._share = share
        self._held: dict[tuple[str, str], tuple[Stored, int]] = {}
        self._bytes = 0
        self._life = 0

    def clear(self) -> None:
        """Forget everything: what is stored has become less, so "nothing new" is not true for ever. What is
        being read now is not kept either."""
        self._held, self._bytes, self._life = {}, 0, self._life + 1

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002 - Cosmos DB's own word
        """The document as it is remembered, else as it is; or None."""
        known = self._held.pop((key, id), None)
        if known is not None:
            self._held[key, id] = known  # the last to be forgotten
            return known[0]
        life = self._life
        stored = await self._documents.read(key, id)
        if stored is not None and life == self._life:
            self._keep(key, stored)
        return stored

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """As the store's own. What was written is remembered, what could not be is forgotten."""
        life = self._life
        try:
            etags = await self._documents.write(key, puts)
        except BaseException:
            for put in puts:
                self._forget(key, put.body["id"])
            raise
        if life == self._life:
            for put, etag in zip(puts, etags, strict=True):
                self._keep(key, Stored(put.body, etag))
        return etags

    def select(self, key: str | None, *where: Filter, fields: Sequence[str] = ()) -> AsyncIterator[Stored]:
        """As the store's own."""
        return self._documents.select(key, *where, fields=fields)

    def _keep(self, key: str, stored: Stored) -> None:
        self._forget(key, stored.body["id"])
        if stored.body["type"] != self._share.type or self._share.spare(stored.body):
            return
        size = _size(stored.body)
        if size > self._share.each:
            return
        self._held[key, stored.body["id"]] = stored, size
        self._bytes += size
        while self._bytes > self._share.most:
            self._forget(*next(iter(self._held)))

    def _forget(self, key: str, id: str) -> None:  # noqa: A002
        _, size = self._held.pop((key, id), (None, 0))
        self._bytes -= size


def _size(body: Body) -> int:
    """A document that counts its own bytes is believed."""
    return int(body["bytes"]) if "bytes" in body else len(msgspec.json.encode(body))
