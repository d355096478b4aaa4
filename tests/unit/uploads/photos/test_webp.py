"""WebP taken apart: each rule by a file of a few bytes."""

import pytest

from tests.support.pictures import TIFF, refused
from vending.uploads.photos import container, webp
from vending.uploads.photos.container import Container
from vending.uploads.photos.photo import Dimensions
from vending.uploads.photos.sniff import opened

ICC = b"a color profile"


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def a_webp(*chunks: bytes, more: int = 0) -> bytes:
    whole = b"".join(chunks)
    return b"RIFF" + (4 + len(whole) + more).to_bytes(4, "little") + b"WEBP" + whole


def lossless(width: int, height: int) -> bytes:
    return chunk(b"VP8L", b"\x2f" + (width - 1 | height - 1 << 14 | 1 << 28).to_bytes(4, "little") + b"pixel")


def lossy(width: int, height: int) -> bytes:
    """With a scale in the two upper bits of each side."""
    told = (width | 1 << 14).to_bytes(2, "little") + (height | 2 << 14).to_bytes(2, "little")
    return chunk(b"VP8 ", b"\x50\x01\x00\x9d\x01\x2a" + told + b"\xff\xffpixels")


def extended(width: int, height: int, flags: int = 0x3C) -> bytes:
    told = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return chunk(b"VP8X", bytes([flags, 0, 0, 0]) + told)


@pytest.mark.parametrize("size", [(1, 1), (2, 16_383), (16_384, 3), (8_193, 4_097)])
def test_a_lossless_webp_says_its_size_in_bits(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "MAX_MEMORY", 2**40)
    assert opened(a_webp(lossless(*size))).size == size


def test_a_webp_says_its_size_in_its_first_header() -> None:
    assert opened(a_webp(lossy(258, 515))).size == (258, 515)
    assert opened(a_webp(extended(260, 516), lossy(258, 515))).size == (260, 516)
    assert opened(a_webp(lossless(9, 8), lossy(258, 515))).size == (9, 8)
    assert opened(a_webp(chunk(b"VP8L", b"\x2f"))).size == (1, 1)
    assert opened(a_webp(chunk(b"VP8X", b"\x00\x00\x00\x00\x02"), lossy(9, 9))).size == (3, 1)
    assert refused(a_webp(chunk(b"VP8 ", b"\x50"))) == ("broken", "the picture is 0 × 0 pixels")


def test_a_webp_is_its_drawing_chunks() -> None:
    alpha, odd = chunk(b"ALPH", b"abc"), chunk(b"XMP ", b"odd")
    tells = [odd, chunk(b"EXIF", b"Exif\x00\x00" + TIFF), chunk(b"EXIF", b"again"), chunk(b"ICCP", ICC)]
    data = a_webp(extended(7, 5), alpha, lossy(7, 5), *tells)
    drawing = a_webp(extended(7, 5, flags=0x10), alpha, lossy(7, 5))
    assert opened(data + b"more") == Container("WEBP", Dimensions(7, 5), drawing, TIFF, ICC)
    plain = opened(a_webp(lossy(7, 5), chunk(b"EXIF", TIFF)))
    assert (plain.exif, plain.profile) == (TIFF, b"")
    assert opened(a_webp(lossy(7, 5))).exif == b""


def test_a_profile_of_a_webp_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = a_webp(lossy(7, 5), chunk(b"ICCP", b"colors"))
    monkeypatch.setattr(webp, "MAX_PROFILE", 6)
    assert opened(data).profile == b"colors"
    monkeypatch.setattr(webp, "MAX_PROFILE", 5)
    assert opened(data).profile == b""


def test_a_webp_ends_where_it_says() -> None:
    words = "truncated", "the WebP ends before its picture does; send it again"
    assert refused(a_webp(lossy(7, 5), more=1)) == words
    assert refused(a_webp(chunk(b"VP8 ", bytes(10))[:-1])) == words
    for rest in range(1, 8):
        assert opened(a_webp(lossy(7, 5), bytes(rest))).size == (7, 5)
    assert opened(a_webp(lossy(7, 5), chunk(b"XMP "))).size == (7, 5)


def test_a_webp_is_one_picture() -> None:
    for name in (b"ANIM", b"ANMF"):
        assert refused(a_webp(lossy(7, 5), chunk(name))) == (
            "animated",
            "the WebP is an animation; send a photo",
        )
    assert refused(a_webp(extended(7, 5))) == ("broken", "the WebP has no picture")
