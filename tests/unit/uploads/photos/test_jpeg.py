"""JPEG taken apart: each rule by a file of a few bytes."""

import pytest

from tests.support.pictures import TIFF, refused
from vending.uploads.photos import container, jpeg
from vending.uploads.photos.container import Container
from vending.uploads.photos.photo import Dimensions
from vending.uploads.photos.sniff import opened


def segment(marker: int, body: bytes = b"", fill: int = 0) -> bytes:
    return b"\xff" * fill + bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body


def frame(components: int, width: int = 7, height: int = 5) -> bytes:
    return bytes([8]) + height.to_bytes(2) + width.to_bytes(2) + bytes([components])


FRAME, SCAN = segment(0xC0, frame(3)), segment(0xDA, b"\x03\x01")
DRAWN = b"\x12\xff\x00\x34"


def a_jpeg(*before: bytes, drawn: bytes = DRAWN, first: bytes = FRAME, scan: bytes = SCAN) -> bytes:
    return b"".join([jpeg.SOI, *before, first, scan, drawn, jpeg.EOI])


def test_a_jpeg_is_its_segments_and_scans() -> None:
    tables, adobe = segment(0xDB, b"quant"), segment(0xEE, b"Adobe")
    data = a_jpeg(segment(0xE0, b"JFIF"), segment(0xE1, b"Exif\x00\x00" + TIFF), adobe, tables)
    drawing = a_jpeg(segment(0xE0, b"JFIF"), adobe, tables)
    assert opened(data + b"what a phone appends") == Container("JPEG", Dimensions(7, 5), drawing, TIFF)


@pytest.mark.parametrize("marker", [*range(0xE0, 0xF0), 0xFE])
def test_of_a_jpegs_extras_two_say_how_it_is_drawn(marker: int) -> None:
    extra = segment(marker, b"\x00\x01\x02\x03")
    assert (extra in opened(a_jpeg(extra)).drawing) == (marker in (0xE0, 0xEE))


def test_metadata_of_a_jpeg_stand_in_segments_of_their_own() -> None:
    told = b"Exif\x00\x00" + TIFF
    others = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00"), segment(0xE2, told), segment(0xED, told)
    assert opened(a_jpeg(*others)) == opened(a_jpeg())
    first = opened(a_jpeg(*others, segment(0xE1, told), segment(0xE1, told + b"again")))
    assert (first.exif, first.profile) == (TIFF, b"")
    assert opened(a_jpeg(segment(0xE1, b"ICC_PROFILE\x00\x01\x01color"))).profile == b""


def test_parts_of_a_profile_are_joined_by_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [b"\x02\x03rrr", b"\x01\x03cc", b"\x03\x02ooo", b"\x01\x02ll"]
    data = a_jpeg(*(segment(0xE2, b"ICC_PROFILE\x00" + part) for part in parts))
    monkeypatch.setattr(jpeg, "MAX_PROFILE", 10)
    assert opened(data).profile == b"ccllrrrooo"
    monkeypatch.setattr(jpeg, "MAX_PROFILE", 9)
    assert opened(data).profile == b""


def test_a_marker_of_a_jpeg_may_be_filled_up() -> None:
    filled = a_jpeg(segment(0xDB, b"quant", fill=3), first=segment(0xC0, frame(3), fill=1))
    assert opened(filled) == opened(a_jpeg(segment(0xDB, b"quant")))


@pytest.mark.parametrize("head", [jpeg.SOI + FRAME + SCAN, jpeg.SOI + segment(0xE0, b"JFIF") + SCAN])
def test_a_jpeg_without_its_end_is_truncated_wherever_it_ends(head: bytes) -> None:
    for end in range(3, len(head) + 1):
        assert refused(head[:end]) == (
            "truncated",
            "the JPEG ends before its picture does; send it again",
        ), end


def test_the_last_end_of_a_jpeg_counts_and_one_before_its_scan_does_not() -> None:
    assert opened(a_jpeg(drawn=DRAWN + jpeg.EOI + DRAWN)).drawing.endswith(2 * (DRAWN + jpeg.EOI))
    early = a_jpeg(segment(0xE0, jpeg.EOI)).removesuffix(jpeg.EOI)
    assert refused(early)[0] == "truncated"


@pytest.mark.parametrize("markers", [[0x00, 0x01, 0xBF], range(0xD0, 0xDA)])
def test_what_begins_no_segment_of_a_jpeg_is_told_by_its_byte(markers: list[int]) -> None:
    for marker in markers:
        told = refused(jpeg.SOI + segment(0xE0, b"JFIF") + segment(marker, b"any") + bytes(9))
        assert told == ("broken", "byte 10 of the JPEG should begin a segment"), marker
    assert opened(a_jpeg(segment(0xDB), segment(0xC4), segment(0xDD))).size == (7, 5)


@pytest.mark.parametrize("word", [b"\x00\xe0\x00\x08", b"\xff\xe0\x00\x01", b"\xff\xe0\x00\x00"])
def test_a_segment_begins_with_a_marker_and_is_as_long_as_its_length(word: bytes) -> None:
    told = refused(jpeg.SOI + segment(0xDB) + word + bytes(9))
    assert told == ("broken", "byte 6 of the JPEG should begin a segment")


def test_a_jpeg_of_another_kind_or_of_two_pictures_is_unsupported() -> None:
    words = "a JPEG of a kind that no camera writes; send an ordinary one"
    for marker in sorted(jpeg.OTHER_FRAMES):
        assert refused(a_jpeg(first=segment(marker, frame(3)))) == ("unsupported", words)
    assert refused(a_jpeg(FRAME)) == ("unsupported", words)
    assert opened(a_jpeg(first=segment(0xC1, frame(3)))).size == (7, 5)


def test_a_jpeg_says_how_large_it_is() -> None:
    words = "the JPEG does not say how large it is"
    for data in (a_jpeg(first=b""), a_jpeg(first=segment(0xC0, frame(3)[:5])), a_jpeg(scan=segment(0xDA))):
        assert refused(data) == ("broken", words)
    assert refused(a_jpeg(first=segment(0xC0, frame(3, width=0)))) == (
        "broken",
        "the picture is 0 × 5 pixels",
    )


@pytest.mark.parametrize(
    ("marker", "scanned", "bytes_a_pixel"), [(0xC0, 3, 4), (0xC0, 1, 10), (0xC2, 3, 10), (0xC1, 3, 4)]
)
def test_a_jpeg_in_several_scans_is_held_whole(
    marker: int, scanned: int, bytes_a_pixel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = a_jpeg(first=segment(marker, frame(3)), scan=segment(0xDA, bytes([scanned])))
    monkeypatch.setattr(container, "MAX_MEMORY", 35 * bytes_a_pixel)
    assert opened(data).size == (7, 5)
    monkeypatch.setattr(container, "MAX_MEMORY", 35 * bytes_a_pixel - 1)
    assert refused(data)[0] == "too-many-pixels"
