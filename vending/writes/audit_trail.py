"""The audit record of one write: written before the effect as ``begun``, and completed after it.

So no effect is without a record. One that stays ``begun`` is of a write whose process died: what it would
have changed stands in it, and the target tells whether it did.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from vending.documents.base import load
from vending.documents.writes import AuditRecord, Outcome
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict
from vending.writes.request import Asked, Request

LARGEST = 64 * 1024
"""Bytes of a before or after as it is kept."""


def day_of(at: int) -> str:
    """The day (UTC) whose records these are."""
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


@dataclass
class Trail:
    """The record of a request."""

    writes: Documents
    asked: Asked
    request: Request
    begun: bool = field(default=False, init=False)

    async def begin(self, before: Any, after: Any) -> None:
        """What is about to change; of a further attempt, what that one finds."""
        await self._put({"before": _bounded(before), "after": _bounded(after)}, "begun")
        self.begun = True

    async def end(self, outcome: Outcome) -> None:
        """What came of it; without a record, as of what changed nothing, there is nothing to say."""
        await self._put({}, outcome)

    async def _put(self, found: dict[str, Any], outcome: Outcome) -> None:
        day, name = day_of(self.request.at), f"{self.request.at:013d}-{self.request.id}"
        asked = self.asked
        new = AuditRecord(
            id=name, scope=day, at=self.request.at, by=asked.by, what=asked.what, target=asked.target
        )

        async def attempt() -> None:
            stored = await self.writes.read(day, name)
            if stored is None and not found:
                return
            held = load(stored.body, AuditRecord) if stored else new
            record = replace(held, outcome=outcome, **found)
            await self.writes.write(day, [Put(record.dump(), stored.etag if stored else None)])

        await retry_on_conflict(f"audit record {name}", attempt)


def _bounded(value: Any) -> Any:
    """As JSON has it; of what is too large, only how large it is."""
    found = msgspec.to_builtins(value)
    size = len(msgspec.json.encode(found))
    return found if size <= LARGEST else {"omittedBytes": size}
