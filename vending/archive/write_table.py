"""One hour of one hub partition as a Parquet file, streamed from its raw blobs in bounded memory.

A file is made by one thread, which ends with it: Arrow and the C library give each thread memory of its own,
and what is freed there stays there (decision 133).
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import msgspec

from vending.archive.columns import Row, row
from vending.archive.layout import parquet_name
from vending.archive.manifest import Entry, RawBlob, Table, count, device_holes
from vending.archive.read_archive import raw_events
from vending.events.hub_event import HubEvent
from vending.events.slices import size
from vending.ports import ArchiveBlobs
from vending.ports import Table as TableFile
from vending.state import intervals
from vending.state.intervals import Intervals

AT_ONCE, BYTES_AT_ONCE = 8_192, 16 * 1024 * 1024
"""Events, and bytes of them, after which they become rows and leave Python's memory."""
BLOCK = 8 * 1024 * 1024


class TableWriter:
    """Makes the entries of one manifest. ``writer`` names what else decides a file's bytes."""

    def __init__(self, blobs: ArchiveBlobs, table: Callable[[], TableFile], writer: str) -> None:
        self._blobs = blobs
        self._table = table
        self._writer = writer

    async def write(self, hour: datetime, key: str, raw: Sequence[RawBlob]) -> Entry:
        """Write the file and commit it; the entry says what is in it, but not yet what went before.

        The name is a function of what goes in: nobody reads the file until a manifest names it. Raises
        Damaged, and Conflict when a raw blob is not what was listed (any more).
        """
        digest = hashlib.sha256(msgspec.json.encode([self._writer, list(raw)])).hexdigest()[:16]
        upload = _Upload(self._blobs, parquet_name(hour, key, digest))
        content = _Content(self._table())
        with _thread() as on_thread:
            for blob in raw:
                async for line, event in raw_events(self._blobs, blob.name, blob.etag):
                    content.take(line, event)
                    if content.full:
                        await upload.push(await on_thread(content.flush))
            await upload.push(await on_thread(content.flush))
            await upload.push(await on_thread(content.close))
        return content.entry(raw, await upload.commit())


@contextmanager
def _thread() -> Iterator[Callable[[Callable[[], bytes]], Awaitable[bytes]]]:
    """What has work done by one thread. Whoever is cancelled does not wait for it."""
    thread, loop = ThreadPoolExecutor(1, "parquet"), asyncio.get_running_loop()
    try:
        yield lambda work: loop.run_in_executor(thread, work)
    finally:
        thread.shutdown(wait=False)


class _Content:
    """What was seen of the hour so far."""

    def __init__(self, table: TableFile) -> None:
        self.waiting: list[HubEvent] = []
        self._bytes = 0
        self._table = table
        self._numbers: Intervals = []
        self._sha256 = hashlib.sha256()
        self._devices: dict[tuple[str, int], Intervals] = {}

    def take(self, line: bytes, event: HubEvent) -> None:
        self._sha256.update(line)
        intervals.add(self._numbers, event.sequence)
        self.waiting.append(event)
        self._bytes += size(event)

    @property
    def full(self) -> bool:
        return len(self.waiting) >= AT_ONCE or self._bytes >= BYTES_AT_ONCE

    def flush(self) -> bytes:
        """Turn what waits into rows; the file's bytes that are ready."""
        rows = [row(event) for event in self.waiting]
        self.waiting, self._bytes = [], 0
        for found in rows:
            self._note(found)
        self._table.add(rows)
        return self._table.take()

    def _note(self, found: Row) -> None:
        if "device" in found:
            numbers = self._devices.setdefault((found["device"], found["device_epoch"]), [])
            intervals.add(numbers, found["device_sequence"])

    def close(self) -> bytes:
        return self._table.close()

    def entry(self, raw: Sequence[RawBlob], table: Table) -> Entry:
        return Entry(
            through=-1,
            gaps=[],
            count=count(self._numbers),
            numbers=self._numbers,
            sha256=self._sha256.hexdigest(),
            raw=list(raw),
            table=table,
            devices=device_holes(self._devices),
        )


class _Upload:
    """A file that is staged block by block while it grows, and exists once it is committed."""

    def __init__(self, blobs: ArchiveBlobs, name: str) -> None:
        self._blobs = blobs
        self._name = name
        self._rest = bytearray()
        self._blocks: list[str] = []
        self._size = 0
        self._sha256 = hashlib.sha256()

    async def push(self, data: bytes) -> None:
        self._rest += data
        self._size += len(data)
        self._sha256.update(data)
        if len(self._rest) >= BLOCK:
            await self._stage()

    async def commit(self) -> Table:
        """Over what an earlier, interrupted run may have left under the name."""
        await self._stage()
        held = await self._blobs.blocks(self._name)
        await self._blobs.commit(self._name, self._blocks, {}, held.etag)
        return Table(self._name, self._size, self._sha256.hexdigest())

    async def _stage(self) -> None:
        block = base64.b64encode(f"{len(self._blocks):08d}".encode()).decode()
        await self._blobs.stage(self._name, block, bytes(self._rest))
        self._blocks.append(block)
        self._rest.clear()
