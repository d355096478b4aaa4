"""PNG taken apart: each rule by a file of a few bytes."""

import zlib

import pytest

from tests.support.pictures import TIFF, png_chunk, png_header, refused
from vending.uploads.photos import png
from vending.uploads.photos.container import Container
from vending.uploads.photos.photo import Dimensions
from vending.uploads.photos.sniff import opened

BEGINS = png_header(4_464, 258)
HEADER = BEGINS.removeprefix(png.MAGIC)
END = png_chunk(b"IEND")


def test_a_png_is_its_drawing_chunks() -> None:
    draws = [png_chunk(b"PLTE", b"p"), png_chunk(b"tRNS", b"t"), png_chunk(b"IDAT", b"d")]
    profile = png_chunk(b"iCCP", b"name\x00\x00" + zlib.compress(b"colors"))
    tells = [png_chunk(b"tEXt", b"x"), png_chunk(b"eXIf", TIFF), png_chunk(b"eXIf", b"again"), profile]
    whole = b"".join([BEGINS, *tells, *draws, END])
    drawing = b"".join([BEGINS, *draws, END])
    assert opened(whole + b"more") == Container("PNG", Dimensions(4_464, 258), drawing, TIFF, b"colors")


@pytest.mark.parametrize(
    "chunk",
    [b"no end of its name", b"name\x00\x00no deflate", b"name\x00\x00" + zlib.compress(bytes(99))[:-6]],
)
def test_a_profile_that_is_none_is_left_out(chunk: bytes) -> None:
    assert opened(BEGINS + png_chunk(b"iCCP", chunk) + END).profile == b""


def test_a_profile_that_is_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    data = BEGINS + png_chunk(b"iCCP", b"name\x00\x00" + zlib.compress(bytes(99))) + END
    monkeypatch.setattr(png, "MAX_PROFILE", 100)
    assert opened(data).profile == bytes(99)
    monkeypatch.setattr(png, "MAX_PROFILE", 98)
    assert opened(data).profile == b""


@pytest.mark.parametrize(
    "begins", [b"", HEADER[:8], HEADER[:15], png_chunk(b"tEXt", bytes(20)), b"IHDR" + HEADER]
)
def test_a_png_begins_with_its_header(begins: bytes) -> None:
    assert refused(png.MAGIC + begins) == ("broken", "the PNG does not begin with its header")


def test_a_png_without_its_end_is_truncated() -> None:
    whole = BEGINS + png_chunk(b"IDAT", b"d") + END
    for missing in (1, 4, 12, 13):
        assert refused(whole[:-missing]) == (
            "truncated",
            "the PNG ends before its picture does; send it again",
        )


def test_an_animated_png_is_refused() -> None:
    assert refused(BEGINS + png_chunk(b"acTL", bytes(8)) + END) == (
        "animated",
        "the PNG is an animation; send a photo",
    )
