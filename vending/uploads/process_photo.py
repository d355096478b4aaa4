"""An upload of the kind ``photo`` → two pictures, a record and one notice; or a refusal, of which
:mod:`vending.uploads.process_upload` tells.

Every step may be done again, and a redelivery does the ones that are missing: pictures are created where they
are not yet (the same bytes make the same pictures), then the record, then the notice, which is one document
for each upload. A crash after any step thus leads to one record, both pictures and one mail.
"""

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from vending.business_day import instant
from vending.documents.base import load
from vending.documents.notices import Notice, notice_id
from vending.documents.photos import PREFIX, PhotoRecord
from vending.errors import Conflict
from vending.ports import Blobs, Documents, Put
from vending.time import millis
from vending.uploads.ask_notice import NoticeStores, ask_notice
from vending.uploads.photos.address import Picture
from vending.uploads.photos.make_photo import make_photo
from vending.uploads.photos.photo import LARGE, THUMBNAIL, Photo
from vending.uploads.upload import Processed, Upload


@dataclass(frozen=True)
class PhotoProcessor:
    """The processor of photos."""

    machines: Documents
    photos: Blobs
    notices: NoticeStores
    keep_location: bool = False
    """The operator's policy: whether a record says where the photo was taken."""
    decoding: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, "photos"))
    """One thread: decoding is bounded in memory for each photo, and so for the process. Always the same one,
    because the C library keeps freed memory for each thread: six threads that take turns hold twice as much
    in the end (``docs/photos.md``)."""

    async def __call__(self, upload: Upload, data: bytes, now: datetime) -> Processed:
        """Process the photo; a redelivery ends the same. Raises Transient, and Rejected for what is none."""
        record = await self._record(upload)
        if record is None:
            record = await self._store(upload, await self._made(data))
        await ask_notice(_taken(upload, record), self.notices, now)
        return Processed(f"a photo of {record.width} × {record.height} pixels")

    async def _made(self, data: bytes) -> Photo:
        made = partial(make_photo, data, keep_location=self.keep_location)
        return await asyncio.get_running_loop().run_in_executor(self.decoding, made)

    async def _record(self, upload: Upload) -> PhotoRecord | None:
        stored = await self.machines.read(upload.machine, PREFIX + upload.id)
        return load(stored.body, PhotoRecord) if stored else None

    async def _store(self, upload: Upload, photo: Photo) -> PhotoRecord:
        """The pictures first: who sees the record finds them."""
        sizes = {THUMBNAIL: photo.thumbnail, LARGE: photo.large}
        for size, picture in sizes.items():
            await self.photos.create(Picture(upload.machine, upload.id, size).blob, picture)
        record = _described(upload, photo)
        with suppress(Conflict):  # Another process was given the same message, and wrote the same record.
            await self.machines.write(upload.machine, [Put(record.dump())])
        return record


def _described(upload: Upload, photo: Photo) -> PhotoRecord:
    where = photo.location
    return PhotoRecord(
        id=PREFIX + upload.id,
        machine_id=upload.machine,
        etag=upload.etag,
        at=millis(upload.at),
        width=photo.pixels.width,
        height=photo.pixels.height,
        visit=upload.visit,
        taken_at=photo.taken_at,
        location=[where.latitude, where.longitude] if where else None,
    )


def _taken(upload: Upload, record: PhotoRecord) -> Notice:
    detail = {
        "thumbnail": Picture(upload.machine, upload.id, THUMBNAIL).path,
        "visit": record.visit,
        "takenAt": record.taken_at,
        "uploadedAt": instant(record.at),
    }
    return Notice(
        id=notice_id("photo", upload.id),
        machine_id=upload.machine,
        about="photo",
        at=record.at,
        detail={name: value for name, value in detail.items() if value is not None},
    )
