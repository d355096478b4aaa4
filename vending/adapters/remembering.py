"""A cache of documents as this process last read or wrote them: it saves most reads.

What is remembered may be old. That does no harm to who writes with If-Match: an old version is refused, then
forgotten, and the next read is a real one. And "nothing new" said of an old version is true of a newer one,
because applied numbers, marks and registers only grow (except where an operator mends a machine: then
:meth:`RememberedDocuments.clear`). Documents above a size are not remembered, nor those on which a refusal
rests that a newer version may not bear out.

Documents of which one is folded into the others are remembered together or not at all: an empty one beside
those of before the fold would be less than what is stored.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
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
    together: Callable[[str], str] = lambda key: key
    """Of a partition key, what those have in common that are remembered together."""


STOCKS = Share("stock", each=8_000, most=8_000_000, spare=has_retired)
"""Some 4,000 ordinary machines. Whether a book is retired is read from the stock as it is."""
CONDITIONS = Share("conditions", each=2_000_000, most=16_000_000, together=lambda key: key.rpartition(":")[0])
"""``{partition}:{shard}``: all of a partition."""


class RememberedDocuments:
    """The port Documents, in front of another. Nobody may change a body that was read or written."""

    def __init__(self, documents: Documents, share: Share) -> None:
        self._documents = documents
        self._share = share
        self._held: dict[str, dict[tuple[str, str], tuple[Stored, int]]] = {}
        """Those that are remembered together, the last used last."""
        self._bytes = 0
        self._under_way: dict[str, set[object]] = {}
        """Reads and writes whose documents are still to be remembered, by what these have in common."""

    def clear(self) -> None:
        """Forget everything: what is stored has become less, so "nothing new" is not true for ever. What is
        being read now is not kept either."""
        self._held, self._bytes, self._under_way = {}, 0, {}

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002 - Cosmos DB's own word
        """The document as it is remembered, else as it is; or None."""
        group = self._share.together(key)
        if (held := self._held.pop(group, None)) is not None:
            self._held[group] = held  # the last to be forgotten
            if (key, id) in held:
                return held[key, id][0]
        with self._lasting(group) as lasts:
            stored = await self._documents.read(key, id)
            if stored is not None and lasts():
                self._keep(key, stored)
        return stored

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """As the store's own. What was written is remembered, what could not be is forgotten."""
        group = self._share.together(key)
        with self._lasting(group) as lasts:
            try:
                etags = await self._documents.write(key, puts)
            except BaseException:
                self._forget(group)
                raise
            if lasts():
                for put, etag in zip(puts, etags, strict=True):
                    self._keep(key, Stored(put.body, etag))
        return etags

    def select(self, key: str | None, *where: Filter, fields: Sequence[str] = ()) -> AsyncIterator[Stored]:
        """As the store's own."""
        return self._documents.select(key, *where, fields=fields)

    @contextmanager
    def _lasting(self, group: str) -> Iterator[Callable[[], bool]]:
        """Says whether nothing of the group was forgotten meanwhile: else what came is not remembered."""
        mine = object()
        self._under_way.setdefault(group, set()).add(mine)
        try:
            yield lambda: mine in self._under_way.get(group, ())
        finally:
            others = self._under_way.get(group, set())
            others.discard(mine)
            if not others:
                self._under_way.pop(group, None)

    def _keep(self, key: str, stored: Stored) -> None:
        group, name = self._share.together(key), (key, stored.body["id"])
        self._bytes -= self._held.get(group, {}).pop(name, (None, 0))[1]
        if stored.body["type"] != self._share.type or self._share.spare(stored.body):
            return
        size = _size(stored.body)
        if size > self._share.each:
            return
        self._held.setdefault(group, {})[name] = stored, size
        self._bytes += size
        while self._bytes > self._share.most:
            self._forget(next(iter(self._held)))

    def _forget(self, group: str) -> None:
        self._bytes -= sum(size for _, size in self._held.pop(group, {}).values())
        self._under_way.pop(group, None)


def _size(body: Body) -> int:
    """A document that counts its own bytes is believed."""
    return int(body["bytes"]) if "bytes" in body else len(msgspec.json.encode(body))
