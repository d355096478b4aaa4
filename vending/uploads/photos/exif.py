"""The five things of EXIF (CIPA DC-008) that are read: orientation, time and its offset, latitude, longitude.

A reader of our own, since one that reads every tag may be made to copy the file a million times over. Nothing
in it refuses a photo: what cannot be read is not there.
"""

import re
import struct
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from vending.uploads.photos.photo import Location

ORIENTATION, EXIF_PART, GPS_PART = 0x0112, 0x8769, 0x8825
TAKEN_AT, OFFSET = 0x9003, 0x9011
LATITUDE_SIDE, LATITUDE, LONGITUDE_SIDE, LONGITUDE = 1, 2, 3, 4
ENTRIES = 1_000
"""Of a directory that are looked at; real ones have tens."""
LENGTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
"""Bytes of a value by its type: byte, ASCII, short, long, rational, undefined."""
LONGEST = 64
"""Bytes of a value that is read."""
Directory = dict[int, bytes]


class Exif(NamedTuple):
    """What was read; the defaults stand for what was not there."""

    orientation: int = 1
    taken_at: str | None = None
    location: Location | None = None


def read(tiff: bytes) -> Exif:
    """Of a TIFF."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return Exif()
    main = _directory(tiff, order, tiff[4:8], (ORIENTATION, EXIF_PART, GPS_PART))
    more = _directory(tiff, order, main.get(EXIF_PART), (TAKEN_AT, OFFSET))
    gps = (LATITUDE_SIDE, LATITUDE, LONGITUDE_SIDE, LONGITUDE)
    where = _directory(tiff, order, main.get(GPS_PART), gps)
    return Exif(_orientation(order, main), _taken_at(more), _location(order, where))


def _directory(tiff: bytes, order: str, start: bytes | None, wanted: Collection[int]) -> Directory:
    """The raw values of the wanted tags of the directory at an offset."""
    found: Directory = {}
    if start is None or len(start) != 4:
        return found
    (at,) = struct.unpack(f"{order}L", start)
    number = tiff[at : at + 2]
    if len(number) < 2:
        return found
    (entries,) = struct.unpack(f"{order}H", number)
    for place in range(at + 2, at + 2 + 12 * min(entries, ENTRIES), 12):
        entry = tiff[place : place + 12]
        if len(entry) == 12:
            tag, kind, count = struct.unpack(f"{order}HHL", entry[:8])
            length = LENGTHS.get(kind, 0) * count
            if tag in wanted and 0 < length <= LONGEST:
                found.setdefault(tag, _value(tiff, order, entry[8:], length))
    return found


def _value(tiff: bytes, order: str, field: bytes, length: int) -> bytes:
    """The field itself where the value fits in, else what it points to."""
    if length <= 4:
        return field[:length]
    (at,) = struct.unpack(f"{order}L", field)
    return tiff[at : at + length]


def _orientation(order: str, main: Directory) -> int:
    raw = main.get(ORIENTATION, b"")
    said: int = struct.unpack(f"{order}H", raw)[0] if len(raw) == 2 else 1
    return said if 1 <= said <= 8 else 1


def _taken_at(more: Directory) -> str | None:
    """``2026:11:26 15:04:05`` as ISO 8601, with an offset where there is one."""
    said = more.get(TAKEN_AT, b"").rstrip(b"\x00 ").decode("latin-1")
    offset = more.get(OFFSET, b"").rstrip(b"\x00 ").decode("latin-1")
    parts = re.fullmatch(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", said, re.ASCII)
    if parts is None:
        return None
    known = offset if re.fullmatch(r"[+-]\d\d:\d\d", offset, re.ASCII) else ""
    try:
        moment = datetime.fromisoformat("{}-{}-{}T{}".format(*parts.groups()) + known)
    except ValueError:
        return None
    return moment.isoformat()


def _location(order: str, where: Directory) -> Location | None:
    latitude = _degrees(order, where, LATITUDE, (LATITUDE_SIDE, b"N", b"S"))
    longitude = _degrees(order, where, LONGITUDE, (LONGITUDE_SIDE, b"E", b"W"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Location(latitude, longitude)


def _degrees(order: str, where: Directory, tag: int, side: tuple[int, bytes, bytes]) -> float | None:
    """Degrees, minutes and seconds, each a fraction, to a tenth of a metre."""
    raw, (which, positive, negative) = where.get(tag, b""), side
    said = where.get(which, b"")[:1]
    if len(raw) != 24 or said not in (positive, negative):
        return None
    numbers = struct.unpack(f"{order}6L", raw)
    if 0 in numbers[1::2]:
        return None
    degrees, minutes, seconds = (
        above / below for above, below in zip(numbers[::2], numbers[1::2], strict=True)
    )
    known: float = round(degrees + minutes / 60 + seconds / 3600, 6)
    return known if said == positive else -known
