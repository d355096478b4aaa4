"""A blob was written → what its kind makes of it, once for each version, or ``rejected/``.

Event Grid and the queue deliver at least once, in any order. The upload's record says which version was
processed, and a processor is idempotent by the upload's id, so a redelivery changes nothing wherever the one
before ended.
"""

import asyncio
import logging
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from vending.documents.base import load
from vending.documents.uploads import State, UploadRecord, record_id
from vending.errors import Conflict, Rejected, Transient, VendstreamError
from vending.ports import Documents, Looked, Put, Queue, UploadBlobs
from vending.resources import UPLOADS
from vending.retry import retry_on_conflict
from vending.uploads.ask_notice import NoticeStores, ask_notice
from vending.uploads.blob_created import BlobCreated, bare, parse, plain
from vending.uploads.kinds import KINDS
from vending.uploads.refused_notice import refused_notice
from vending.uploads.reject import Reject
from vending.uploads.upload import Place, Processed, Processor, Upload, place_of

log = logging.getLogger(__name__)

TRIES = 5
"""``maxDequeueCount`` of host.json: after that many the platform takes the message away."""
WAITS = timedelta(days=1)
"""For how long a message is put back while a store is away; then it goes to the poison queue."""
FILES_AT_ONCE = 2
"""Files that a process holds in memory: one is worked on while the next one is read. The queue hands out
``batchSize`` messages and half as many again (host.json, for all queues), which of the largest files is more
than a small instance has."""
UNSEEN = timedelta(seconds=30)
"""For how long a record may not be seen yet that another client of the store has written."""


@dataclass(frozen=True)
class UploadStores:
    """Where uploads come from and go to."""

    machines: Documents
    uploads: UploadBlobs
    reject: Reject
    queue: Queue
    processors: Mapping[str, Processor]
    """By kind."""
    notices: NoticeStores
    in_memory: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FILES_AT_ONCE))
    """Who may hold a file."""


@dataclass(frozen=True, slots=True)
class _File:
    """The blob that a message tells of."""

    name: str
    looked: Looked


async def process_upload(message: bytes, tries: int, stores: UploadStores, now: datetime) -> str:
    """Process the blob of a message, which was delivered ``tries`` times: what became of it, for the log.

    Raises Transient and what our own defects raise, so that the message comes again; ValueError for one that
    is not Event Grid's.
    """
    created = parse(message)
    if created.container != UPLOADS:
        raise ValueError(f"a blob of {created.container!r} is no upload")
    try:
        return f"upload {created.name}: {await _process(created, tries, stores, now)}"
    except (Transient, Conflict) as fault:
        if tries < TRIES or now - created.at > WAITS:
            raise
        await stores.queue.send(msgspec.json.decode(plain(message)))
        return f"upload {created.name}: put back, {fault}"


async def _process(created: BlobCreated, tries: int, stores: UploadStores, now: datetime) -> str:
    looked = await stores.uploads.look(created.name)
    if looked is None:
        return "gone, it was done before"
    if bare(looked.etag) != created.etag:
        return f"superseded, it is {bare(looked.etag)} now"
    file = _File(created.name, looked)
    record: UploadRecord | None = None
    try:
        place = place_of(created.name)
        record = await _record(place, stores.machines)
        if record is None:
            raise _unknown(created, now)
        if record.etag == created.etag:
            return await _again(record, created.name, stores)
        outcome = await _outcome(record, file, stores, now)
    except Rejected as fault:
        outcome = fault
    except VendstreamError:
        raise
    except Exception as fault:
        if tries < TRIES:
            raise
        log.exception("upload %s trips a defect", created.name)
        outcome = Rejected("defect", "".join(traceback.format_exception(fault))[-4000:])
    if isinstance(outcome, Rejected):
        await _reject(record, file, outcome, stores, now)
        return f"rejected, {outcome}"
    await _note(record, file, "processed", outcome.summary, stores.machines)
    return f"processed, {outcome.summary}"


async def _outcome(
    record: UploadRecord, file: _File, stores: UploadStores, now: datetime
) -> Processed | Rejected:
    """What the processor says, of a file whose size is within bounds before a byte of it is read."""
    kind, process = KINDS.get(record.kind), stores.processors.get(record.kind)
    if kind is None or process is None:
        return Rejected("unknown-kind", f"nothing processes {record.kind!r}")
    most = min(record.size, kind.most_bytes)
    if file.looked.size > most:
        return Rejected("oversize", f"{file.looked.size} bytes; it was admitted with at most {most}")
    async with stores.in_memory:
        data = await stores.uploads.take(file.name, file.looked.etag, most)
        return await process(_upload(record, file), data, now)


def _upload(record: UploadRecord, file: _File) -> Upload:
    looked = file.looked
    etag, said, at = bare(looked.etag), looked.content_type, looked.modified
    return Upload(record.upload, record.kind, record.machine_id, record.visit, file.name, etag, said, at)


def _unknown(created: BlobCreated, now: datetime) -> Rejected | Transient:
    if now - created.at < UNSEEN:
        return Transient("its record cannot be seen yet")
    return Rejected("not-admitted", "nobody asked for this address")


async def _again(record: UploadRecord, name: str, stores: UploadStores) -> str:
    """A redelivery; the process that was here before may have ended before its last step."""
    if record.state == "rejected":
        await stores.uploads.delete(name)
    return f"{record.state} before"


async def _reject(
    record: UploadRecord | None, file: _File, fault: Rejected, stores: UploadStores, now: datetime
) -> None:
    """Keep it with its reason, tell somebody, note it, and only then take it out of the uploads: whichever
    step a crash comes after, the next delivery does the rest, and finds what stands."""
    await stores.reject(file.name, file.looked, fault)
    await ask_notice(refused_notice(file.name, record, file.looked, fault), stores.notices, now)
    await _note(record, file, "rejected", str(fault), stores.machines)
    await stores.uploads.delete(file.name)


async def _record(place: Place, machines: Documents) -> UploadRecord | None:
    stored = await machines.read(place.machine, record_id(place.id))
    record = load(stored.body, UploadRecord) if stored else None
    return record if record and record.kind == place.kind else None


async def _note(
    record: UploadRecord | None, file: _File, state: State, said: str, machines: Documents
) -> None:
    """Put the outcome into the record, which the processor may have written to meanwhile."""
    if record is None:
        return

    async def attempt() -> None:
        stored = await machines.read(record.machine_id, record.id)
        if stored is None:
            return
        held, etag = load(stored.body, UploadRecord), bare(file.looked.etag)
        changed = replace(held, etag=etag, state=state, said=said[:1000])
        await machines.write(record.machine_id, [Put(changed.dump(), stored.etag)])

    await retry_on_conflict(f"the record of {record.id}", attempt)
