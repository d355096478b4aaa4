"""Archive blobs as files in a folder, for ``pyarrow``, DuckDB, ``zcat``: the same paths as in the container.

Of Parquet, the files that manifests name, and no others. A file is whole or not there, and one that is there
already is not fetched again, because an archive file of that name never has another content: Parquet by its
digest, raw blobs by their length, since they only grow.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vending.archive.layout import hour_of
from vending.archive.manifest import Manifest
from vending.ports import ArchiveBlobs, Listed


@dataclass(frozen=True)
class Hours:
    """From ``start`` to before ``end``; None: no bound."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, name: str) -> bool:
        """Whether a blob's hour is one of them."""
        hour = hour_of(name)
        return not (self.start and hour < self.start) and not (self.end and hour >= self.end)


@dataclass
class Got:
    """What was fetched, and what was there already."""

    files: int = 0
    bytes: int = 0
    there: int = 0


async def get(
    blobs: ArchiveBlobs, folder: Path, hours: Hours, raw: bool, progress: Callable[[str], None] | None = None
) -> Got:
    """Fetch raw blobs, or the Parquet files of compacted hours. Raises OSError, and Conflict (run again)."""
    done = Got()
    async for blob in _wanted(blobs, hours, raw):
        path = folder / blob.name
        if path.exists() and path.stat().st_size == blob.size:
            done.there += 1
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as file:
            async for chunk in blobs.chunks(blob.name, blob.etag):
                file.write(chunk)
        part.replace(path)
        done.files, done.bytes = done.files + 1, done.bytes + blob.size
        if progress is not None:
            progress(blob.name)
    return done


async def _wanted(blobs: ArchiveBlobs, hours: Hours, raw: bool) -> AsyncIterator[Listed]:
    named: set[str] = set()
    listed = [
        blob async for blob in blobs.listing("raw/" if raw else "parquet/date=") if hours.holds(blob.name)
    ]
    for blob in listed:
        if raw:
            yield blob
        elif blob.name.endswith("/_manifest.json") and (found := await blobs.find(blob.name)):
            partitions = Manifest.decode(found[0]).partitions.values()
            named |= {entry.table.name for entry in partitions if entry.table is not None}
    for blob in listed:
        if blob.name in named:
            yield blob
