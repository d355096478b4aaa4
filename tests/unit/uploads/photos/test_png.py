"""PNG taken apart: each rule by a file of a few bytes."""

import zlib

import pytest

from tests.support.pictures import TIFF, refused
from vending.uploads.photos import png
from vending.uploads.photos.container import Container
from vending.uploads.photos.photo import Dimensions
from vending.uploads.photos.sniff import opened


def part(name: bytes, body: bytes = b"") -> bytes:
    return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)


HEADER = part(b"IHDR", (4_464).to_bytes(4) + (258).to_bytes(4) + b"\x08\x02\x00\x00\x00")
END = part(b"IEND")


def test_a_png_is_its_drawing_chunks() -> None:
    draws = [part(b"PLTE", b"p"), part(b"tRNS", b"t"), part(b"IDAT", b"d")]
    profile = part(b"iCCP", b"name\x00\x00" + zlib.compress(b"colors"))
    tells = [part(b"tEXt", b"x"), part(b"eXIf", TIFF), part(b"eXIf", b"again"), profile]
    whole = b"".join([png.MAGIC, HEADER, *tells, *draws, END])
    drawing = b"".join([png.MAGIC, HEADER, *draws, END])
    assert opened(whole + b"more") == Container("PNG", Dimensions(4_464, 258), drawing, TIFF, b"colors")


@pytest.mark.parametrize(
    "chunk",
    [b"no end of its name", b"name\x00\x00no deflate", b"name\x00\x00" + zlib.compress(bytes(99))[:-6]],
)
def test_a_profile_that_is_none_is_left_out(chunk: bytes) -> None:
    assert opened(png.MAGIC + HEADER + part(b"iCCP", chunk) + END).profile == b""


def test_a_profile_that_is_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    data = png.MAGIC + HEADER + part(b"iCCP", b"name\x00\x00" + zlib.compress(bytes(99))) + END
    monkeypatch.setattr(png, "MAX_PROFILE", 100)
    assert opened(data).profile == bytes(99)
    monkeypatch.setattr(png, "MAX_PROFILE", 98)
    assert opened(data).profile == b""


@pytest.mark.parametrize("begins", [b"", HEADER[:8], HEADER[:15], part(b"tEXt", bytes(20)), b"IHDR" + HEADER])
def test_a_png_begins_with_its_header(begins: bytes) -> None:
    assert refused(png.MAGIC + begins) == ("broken", "the PNG does not begin with its header")


def test_a_png_without_its_end_is_truncated() -> None:
    whole = png.MAGIC + HEADER + part(b"IDAT", b"d") + END
    for missing in (1, 4, 12, 13):
        assert refused(whole[:-missing]) == (
            "truncated",
            "the PNG ends before its picture does; send it again",
        )


def test_an_animated_png_is_refused() -> None:
    assert refused(png.MAGIC + HEADER + part(b"acTL", bytes(8)) + END) == (
        "animated",
        "the PNG is an animation; send a photo",
    )
