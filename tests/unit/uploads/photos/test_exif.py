"""EXIF read from directories of a few bytes: what is told, and what is taken as not there."""

import struct

import pytest

from vending.uploads.photos import exif
from vending.uploads.photos.exif import Exif, read
from vending.uploads.photos.photo import Location

Entry = tuple[int, int, int, bytes]
"""Tag, type, how many, the values' bytes."""
SHORT, LONG, RATIONAL, ASCII = 3, 4, 5, 2


def directory(entries: list[Entry], at: int, order: str) -> bytes:
    """It stands at that offset; what does not fit into its rows follows it."""
    beyond, rows, values = at + 2 + 12 * len(entries), b"", b""
    for tag, kind, count, value in entries:
        field = value.ljust(4, b"\x00")
        if len(value) > 4:
            field = struct.pack(f"{order}L", beyond + len(values))
            values += value
        rows += struct.pack(f"{order}HHL", tag, kind, count) + field
    return struct.pack(f"{order}H", len(entries)) + rows + values


def tiff(main: list[Entry], order: str = "<", parts: dict[int, list[Entry]] | None = None) -> bytes:
    """A file of a directory, and of others to which it points by these tags."""
    pointers = [(tag, LONG, 1, bytes(4)) for tag in parts or {}]
    start, rest = 8 + len(directory([*main, *pointers], 8, order)), b""
    for place, (tag, entries) in enumerate((parts or {}).items()):
        pointers[place] = tag, LONG, 1, struct.pack(f"{order}L", start + len(rest))
        rest += directory(entries, start + len(rest), order)
    mark = b"II*\x00" if order == "<" else b"MM\x00*"
    return mark + struct.pack(f"{order}L", 8) + directory([*main, *pointers], 8, order) + rest


def oriented(value: int, order: str = "<") -> Entry:
    return exif.ORIENTATION, SHORT, 1, struct.pack(f"{order}H", value)


def said(tag: int, text: bytes) -> Entry:
    return tag, ASCII, len(text), text


def degrees(tag: int, *numbers: int, order: str = "<") -> Entry:
    return tag, RATIONAL, 3, struct.pack(f"{order}6L", *numbers)


def located(*entries: Entry, order: str = "<") -> Location | None:
    return read(tiff([], order, {exif.GPS_PART: list(entries)})).location


def taken(*entries: Entry) -> str | None:
    return read(tiff([], parts={exif.EXIF_PART: list(entries)})).taken_at


@pytest.mark.parametrize("order", ["<", ">"])
def test_five_things_are_read(order: str) -> None:
    parts = {
        exif.EXIF_PART: [said(exif.TAKEN_AT, b"2026:11:26 15:04:05\x00"), said(exif.OFFSET, b"-03:30\x00")],
        exif.GPS_PART: [
            said(exif.LATITUDE_SIDE, b"N\x00"),
            degrees(exif.LATITUDE, 48, 1, 16, 2, 36, 10, order=order),
            said(exif.LONGITUDE_SIDE, b"E\x00"),
            degrees(exif.LONGITUDE, 22, 2, 30, 1, 0, 5, order=order),
        ],
    }
    told = tiff([oriented(6, order)], order, parts)
    assert read(told) == Exif(6, "2026-11-26T15:04:05-03:30", Location(48.134333, 11.5))
    assert read(b"II+\x00" + told[4:]) == Exif()


@pytest.mark.parametrize(("value", "found"), [(0, 1), (1, 1), (2, 2), (8, 8), (9, 1), (256, 1)])
def test_an_orientation_is_one_of_eight(value: int, found: int) -> None:
    assert read(tiff([oriented(value)])).orientation == found


def test_an_orientation_is_two_bytes() -> None:
    assert read(tiff([(exif.ORIENTATION, LONG, 1, struct.pack("<L", 6))])).orientation == 1
    assert read(tiff([(exif.ORIENTATION, SHORT, 2, struct.pack("<HH", 6, 6))])).orientation == 1
    assert read(tiff([(exif.ORIENTATION, 7, 2, struct.pack("<H", 6))])).orientation == 6
    assert read(tiff([(exif.ORIENTATION, 99, 2, struct.pack("<H", 6))])).orientation == 1
    assert read(tiff([])).orientation == 1


def test_the_last_entry_counts_and_what_follows_a_directory_does_not() -> None:
    others = [said(number, b"x") for number in range(1, 4)]
    assert read(tiff([*others, oriented(6)])).orientation == 6
    assert read(tiff([oriented(6), oriented(3)])).orientation == 6
    told = tiff([*others, oriented(6)])
    fewer = told[:8] + struct.pack("<H", 3) + told[10:]
    assert read(fewer).orientation == 1
    assert read(told[:-1]).orientation == 1


def test_so_many_entries_of_a_directory_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    told = tiff([said(1, b"x"), said(2, b"x"), oriented(6)])
    monkeypatch.setattr(exif, "ENTRIES", 3)
    assert read(told).orientation == 6
    monkeypatch.setattr(exif, "ENTRIES", 2)
    assert read(told).orientation == 1


def test_values_are_of_one_byte_at_least_and_64_at_most() -> None:
    padded = said(exif.TAKEN_AT, b"2026:11:26 15:04:05".ljust(64, b"\x00"))
    assert taken(padded) == "2026-11-26T15:04:05"
    assert taken(said(exif.TAKEN_AT, b"2026:11:26 15:04:05".ljust(65, b"\x00"))) is None
    side, place = said(exif.LATITUDE_SIDE, b"S"), degrees(exif.LATITUDE, 1, 1, 0, 1, 0, 1)
    east = said(exif.LONGITUDE_SIDE, b"E"), degrees(exif.LONGITUDE, 2, 1, 0, 1, 0, 1)
    assert located(side, place, *east) == Location(-1.0, 2.0)
    assert located((exif.LATITUDE_SIDE, ASCII, 0, b"S"), side, place, *east) == Location(-1.0, 2.0)


@pytest.mark.parametrize(
    "text",
    [
        b"2026:11:26 15:04:05X",
        b"XX2026:11:26 15:04:05",
        b"2026:11:26 15:04:0\xb2",
        b"2026-11-26 15:04:05",
        b"2026:11:31 15:04:05",
        b"X",
        b"",
    ],
)
def test_a_time_that_is_none_is_not_there(text: bytes) -> None:
    assert taken(said(exif.TAKEN_AT, text)) is None
    assert taken(said(exif.OFFSET, b"+01:00")) is None


@pytest.mark.parametrize("offset", [b"", b"X", b"+1:00", b"01:00", b"+01:00X", b"+01:00:00", b"Z"])
def test_an_offset_that_is_none_is_not_there(offset: bytes) -> None:
    told = said(exif.TAKEN_AT, b"2026:11:26 15:04:05 \x00"), said(exif.OFFSET, offset)
    assert taken(*told) == "2026-11-26T15:04:05"
    assert taken(told[0]) == "2026-11-26T15:04:05"


def test_an_offset_of_more_than_a_day_makes_the_time_none() -> None:
    assert taken(said(exif.TAKEN_AT, b"2026:11:26 15:04:05"), said(exif.OFFSET, b"+99:99")) is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "found"),
    [
        ((b"N", 90), (b"E", 180), Location(90.0, 180.0)),
        ((b"S", 90), (b"W", 180), Location(-90.0, -180.0)),
        ((b"N", 91), (b"E", 0), None),
        ((b"S", 0), (b"W", 181), None),
        ((b"n", 1), (b"E", 1), None),
        ((b"N", 1), (b"e", 1), None),
        ((b"E", 1), (b"N", 1), None),
        ((b"X", 1), (b"X", 1), None),
    ],
)
def test_a_location_is_on_the_globe(
    latitude: tuple[bytes, int], longitude: tuple[bytes, int], found: Location | None
) -> None:
    where = (
        said(exif.LATITUDE_SIDE, latitude[0]),
        degrees(exif.LATITUDE, latitude[1], 1, 0, 1, 0, 1),
        said(exif.LONGITUDE_SIDE, longitude[0]),
        degrees(exif.LONGITUDE, longitude[1], 1, 0, 1, 0, 1),
    )
    assert located(*where) == found
    for missing in range(4):
        assert located(*where[:missing], *where[missing + 1 :]) is None


@pytest.mark.parametrize("place", [1, 3, 5])
def test_a_part_of_nothing_is_no_number(place: int) -> None:
    numbers = [1, 1, 1, 1, 1, 1]
    numbers[place] = 0
    north = said(exif.LATITUDE_SIDE, b"N"), degrees(exif.LATITUDE, *numbers)
    assert located(*north, said(exif.LONGITUDE_SIDE, b"E"), degrees(exif.LONGITUDE, 1, 1, 1, 1, 1, 1)) is None


def test_degrees_are_rounded_to_a_tenth_of_a_metre() -> None:
    north = said(exif.LATITUDE_SIDE, b"N"), degrees(exif.LATITUDE, 1, 3, 0, 1, 3599, 1)
    east = said(exif.LONGITUDE_SIDE, b"E"), degrees(exif.LONGITUDE, 2, 3, 0, 1, 0, 1)
    assert located(*north, *east) == Location(1.333056, 0.666667)
