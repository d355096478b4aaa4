"""Read models of photos: those of a machine, newest first, and one picture."""

from dataclasses import dataclass

from vending.business_day import instant
from vending.documents.photos import PREFIX, PhotoRecord
from vending.ports import Blobs, Stored, beginning
from vending.readable import readable
from vending.uploads.photos.address import Picture, photo_id, picture_of
from vending.uploads.photos.photo import LARGE, THUMBNAIL
from vending.views.answers.photos import Location, Photo, Photos
from vending.views.stores import ViewStores

CURSOR = r"[0-9]{1,15}-[0-9a-f]{32}"
"""When a photo was uploaded (ms), and the upload's id: the order of the list."""
Place = tuple[int, str]


@dataclass(frozen=True)
class PhotoQuery:
    """Which photos: at most ``limit`` that are older than the one at the cursor ``after``."""

    limit: int = 20
    after: str = ""


async def photos(stores: ViewStores, machine: str, query: PhotoQuery) -> Photos:
    """A machine's photos, newest first.

    Of all only id and time are read, of the page's the whole records.
    """
    listed = stores.machines.select(machine, *beginning(PREFIX), fields=("id", "at"))
    places = sorted([_place(stored) async for stored in listed], reverse=True)
    older = [place for place in places if not query.after or place < _parsed(query.after)]
    page = older[: query.limit]
    rows = [_row(record) for record in await _records(stores, machine, page)]
    return Photos(machine, rows, _cursor(page[-1]) if len(older) > len(page) else None)


async def picture(blobs: Blobs, photo: str, size: str) -> bytes | None:
    """A picture in WebP; None for one that is not there."""
    asked = picture_of(photo, size)
    if asked is None:
        return None
    try:
        return await blobs.read(asked.blob)
    except KeyError:
        return None


def _place(stored: Stored) -> Place:
    return int(stored.body["at"]), str(stored.body["id"]).removeprefix(PREFIX)


def _cursor(place: Place) -> str:
    return f"{place[0]}-{place[1]}"


def _parsed(cursor: str) -> Place:
    at, _, upload = cursor.partition("-")
    return int(at), upload


async def _records(stores: ViewStores, machine: str, page: list[Place]) -> list[PhotoRecord]:
    """The records in the order of the page, without those that are malformed."""
    if not page:
        return []
    names = [PREFIX + upload for _, upload in page]
    found = {x.body["id"]: x.body async for x in stores.machines.select(machine, ("id", "in", names))}
    records = [readable(found[name], PhotoRecord) for name in names if name in found]
    return [record for record in records if record]


def _row(record: PhotoRecord) -> Photo:
    machine, upload, where = record.machine_id, record.upload, record.location
    return Photo(
        photo_id=photo_id(machine, upload),
        uploaded_at=instant(record.at),
        taken_at=record.taken_at,
        visit_id=record.visit,
        location=Location(where[0], where[1]) if where else None,
        width=record.width,
        height=record.height,
        thumbnail=Picture(machine, upload, THUMBNAIL).path,
        large=Picture(machine, upload, LARGE).path,
    )
