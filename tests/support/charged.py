"""Containers in memory that charge as the local Cosmos DB server does (``devstack/cosmos/charge.py``).

So what a request costs is known without one: ``with metered() as cost``.
"""

from collections.abc import AsyncIterator, Sequence
from math import ceil
from typing import Any

import msgspec

from devstack.cosmos import charge
from vending.adapters.cosmos import PAGE
from vending.adapters.metering import charge as charged
from vending.ports import Documents, Filter, Put, Stored

SYSTEM = 190
"""Bytes of the store's own fields of a document: ``_rid``, ``_self``, ``_etag`` and so on."""
ETAG = 49
"""Bytes of the version in a row of which only some fields were asked for."""


class Charged:
    """The port Documents, in front of another; a query of all partition keys is asked in each of so many
    physical ranges."""

    def __init__(self, documents: Documents, name: str, ranges: int) -> None:
        self.documents = documents
        self.name = name
        self.ranges = ranges
        self._answers: dict[Any, tuple[list[Stored], int]] = {}

    def forget(self) -> None:
        """What was asked before may have another answer now."""
        self._answers.clear()

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002
        """The document, or None; one that is not there costs too."""
        found = await self.documents.read(key, id)
        units = charge.FAILED_READ if found is None else charge.read(_bytes(found.body) + SYSTEM)
        charged(f"read {self.name}", units)
        return found

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """Of no read model."""
        raise NotImplementedError

    async def select(
        self, key: str | None, *where: Filter, fields: Sequence[str] = ()
    ) -> AsyncIterator[Stored]:
        """The documents that match, in pages; spread evenly over the ranges. The answer of a query is kept,
        because a large fleet's takes seconds."""
        asked_for = (key, repr(where), tuple(fields))
        if asked_for not in self._answers:
            rows = [row async for row in self.documents.select(key, *where, fields=fields)]
            own = ETAG if fields else SYSTEM
            self._answers[asked_for] = rows, sum(_bytes(row.body) + own for row in rows)
        found, returned = self._answers[asked_for]
        asked = 1 if key is not None else self.ranges
        pages = asked * max(1, ceil(len(found) / asked / PAGE))
        for _ in range(pages):
            charged(f"query {self.name}", charge.query(returned // pages))
        for row in found:
            yield row


def _bytes(body: Any) -> int:
    return len(msgspec.json.encode(body))
