"""The read model of the account: how many events the hub took in, and how far each step has come with them.

It counts from numbers alone (the hub's, the checkpoints', the manifests' of the archive), so it costs the
same whatever was sent. What became of each single event, ``vendctl account`` compares.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from vending.answer import Answer
from vending.archive.manifest import NOTHING_BEFORE, count
from vending.documents.refusal_counts import HOUR, RefusalCounts
from vending.ports import Documents, PartitionEnd
from vending.readable import readable
from vending.time import millis
from vending.views.archive_gaps import ArchiveStores, Holding, holdings, read_closing
from vending.views.lag import Done, HubStores

INGEST, ARCHIVE = "ingest_telemetry", "archive_telemetry"
LATELY = 24
"""Hours for which ingest counts what it refuses."""


@dataclass(frozen=True)
class AccountStores:
    """What is counted."""

    hub: HubStores
    archive: ArchiveStores
    conditions: Documents


class PartitionAccount(Answer, frozen=True, kw_only=True):
    """A hub partition. Numbers count from 0, so the last one done says how many are."""

    partition: str
    accepted: Annotated[int, Meta(description="Events that the hub ever took in.")]
    ingested: Annotated[int, Meta(description="Applied, recognised as duplicates, or refused.")]
    archived: Annotated[int, Meta(description="Written to the archive, by the function's checkpoint.")]
    compacted: Annotated[int, Meta(description="Looked at in closed hours of the archive.")]
    missing: Annotated[int, Meta(description="Of those, the ones that the archive does not hold.")]


class Account(Answer, frozen=True, kw_only=True):
    """All partitions of this life of the hub."""

    generation: str
    accepted: int
    ingested: int
    archived: int
    compacted: int
    missing: int
    refused: Annotated[
        dict[str, int], Meta(description="Reason → dead letters of the last 24 hours of the hub's clock.")
    ]
    partitions: list[PartitionAccount]


async def account(stores: AccountStores, now: datetime) -> Account:
    """As of now, or five seconds ago. Raises Transient."""
    done, ends = await stores.hub.now(now)
    held = await holdings(stores.archive, await read_closing(stores.archive))
    ordered = sorted(ends, key=lambda end: (len(end.partition), end.partition))
    rows = [_row(end, done, held.get(f"{stores.hub.generation}/{end.partition}")) for end in ordered]
    return Account(
        generation=stores.hub.generation,
        accepted=sum(row.accepted for row in rows),
        ingested=sum(row.ingested for row in rows),
        archived=sum(row.archived for row in rows),
        compacted=sum(row.compacted for row in rows),
        missing=sum(row.missing for row in rows),
        refused=await _refused(stores.conditions, millis(now)),
        partitions=rows,
    )


def _row(end: PartitionEnd, done: Done, held: Holding | None) -> PartitionAccount:
    entry = held.entry if held else NOTHING_BEFORE
    return PartitionAccount(
        partition=end.partition,
        accepted=end.last + 1,
        ingested=done.get(INGEST, {}).get(end.partition, -1) + 1,
        archived=done.get(ARCHIVE, {}).get(end.partition, -1) + 1,
        compacted=entry.through + 1,
        missing=count(entry.gaps),
    )


async def _refused(conditions: Documents, now: int) -> dict[str, int]:
    """As ingest counts it for alerts; what is in the dead letters, nobody can count in one request."""
    reasons: Counter[str] = Counter()
    async for stored in conditions.select(None, ("type", "=", RefusalCounts.type)):
        counts = readable(stored.body, RefusalCounts)
        for hour, told in counts.hours.items() if counts else ():
            if int(hour) > now // HOUR - LATELY:
                reasons.update(told)
    return dict(sorted(reasons.items()))
