"""An upload of the kind ``photo`` → two pictures, a record and one notice; or a refusal and one notice.

Every step may be done again, and a redelivery does the ones that are missing: pictures are created where they
are not yet (the same bytes make the same pictures), then the record, then the notice, which is one document
for each upload. A crash after any step thus leads to one record, both pictures and one mail.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from vending.business_day import instant
from vending.documents.base import load
from vending.documents.notices import Notice, notice_id
from vending.documents.photos import PREFIX, PhotoRecord
from vending.errors import Conflict, Rejected
from vending.off_loop import off_loop
from vending.ports import Blobs, Documents, Put
from vending.time import millis
from vending.uploads.ask_notice import NoticeStores, ask_notice
from vending.uploads.photos.address import Picture
from vending.uploads.photos.make_photo import make_photo
from vending.uploads.photos.photo import LARGE, MAX_MEMORY, THUMBNAIL, Photo
from vending.uploads.upload import Processed, Upload


@dataclass(frozen=True)
class PhotoProcessor:
    """The processor of photos."""

    machines: Documents
    photos: Blobs
    notices: NoticeStores
    keep_location: bool = False
    """The operator's policy: whether a record says where the photo was taken."""
    one_at_a_time: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Decoding is bounded in memory for each photo, and so for the process."""

    async def __call__(self, upload: Upload, data: bytes, now: datetime) -> Processed | Rejected:
        """Process the photo; a redelivery ends the same. Raises Transient."""
        record = await self._record(upload)
        if record is None:
            try:
                photo = await self._made(data)
            except Rejected as fault:
                await ask_notice(_refused(upload, fault), self.notices, now)
                return fault
            record = await self._store(upload, photo)
        await ask_notice(_taken(upload, record), self.notices, now)
        return Processed(f"a photo of {record.width} × {record.height} pixels")

    async def _made(self, data: bytes) -> Photo:
        async with self.one_at_a_time:
            return await off_loop(MAX_MEMORY, lambda: make_photo(data, keep_location=self.keep_location))

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


def _refused(upload: Upload, fault: Rejected) -> Notice:
    detail = {
        "upload": upload.name,
        "reason": fault.reason,
        "detail": fault.detail,
        "visit": upload.visit,
        "uploadedAt": instant(millis(upload.at)),
    }
    return Notice(
        id=notice_id("rejected-upload", upload.id),
        machine_id=upload.machine,
        about="rejected-upload",
        at=millis(upload.at),
        detail={name: value for name, value in detail.items() if value is not None},
    )
