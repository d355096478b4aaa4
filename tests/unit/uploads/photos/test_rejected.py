"""Whatever is no photo is refused with a reason, before it fills the memory; no bytes raise anything else."""

import random
import struct
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.pictures import exif, file, png_header, scene, telling
from vending.errors import Rejected
from vending.uploads.photos import exif as reader
from vending.uploads.photos import jpeg, photo
from vending.uploads.photos.make_photo import make_photo
from vending.uploads.photos.photo import Photo

KINDS = ("JPEG", "PNG", "WEBP")
WHOLE = {kind: telling(kind) for kind in KINDS} | {"progressive": telling("JPEG", progressive=True)}


def refusal(data: bytes) -> str | None:
    """The reason, or None for a photo."""
    try:
        made = make_photo(data, keep_location=True)
    except Rejected as fault:
        return fault.reason
    assert isinstance(made, Photo)
    return None


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_that_ends_too_early_is_none(kind: str) -> None:
    data = WHOLE[kind]
    assert refusal(data) is None

    for fiftieth in range(1, 50):
        assert refusal(data[: len(data) * fiftieth // 50]) in ("truncated", "broken", "no-photo"), fiftieth
    for missing in (1, 2, 3, 13):
        assert refusal(data[:-missing]) == "truncated"


def test_large_sides_are_refused_from_the_header_alone() -> None:
    tracemalloc.start()

    reasons = [refusal(png_header(*size)) for size in ((50_000, 50_000), (2**31 - 1, 1), (1, 65_536))]

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reasons == ["too-many-pixels"] * 3
    assert peak < 1_000_000
    assert refusal(png_header(0, 5)) == "broken"


def test_the_sides_of_a_jpeg_and_a_webp_are_bounded_too() -> None:
    small, wide = struct.pack(">HH", 320, 480), struct.pack(">HH", 60_000, 60_000)
    frame = file(scene())
    extended = file(scene(mode="RGBA"), "WEBP", exif=exif())
    at = extended.index(b"VP8X") + 12
    canvas = extended[:at] + (16_000).to_bytes(3, "little") * 2 + extended[at + 6 :]

    assert refusal(frame.replace(small, wide, 1)) == "too-many-pixels"
    assert refusal(canvas) == "too-many-pixels"


def test_a_progressive_jpeg_is_reckoned_by_what_its_decoder_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = 480 * 320
    monkeypatch.setattr("vending.uploads.photos.container.MAX_MEMORY", 6 * pixels)

    assert refusal(file(scene())) is None
    assert refusal(file(scene(), progressive=True)) == "too-many-pixels"


def test_scans_without_end_are_refused() -> None:
    data = file(scene(), progressive=True)
    start = data.index(b"\xff\xda")
    scan = data[start : data.index(b"\xff", start + 2)]

    assert refusal(data[:-2] + scan * 100 + jpeg.EOI) == "broken"


def test_a_long_file_is_refused() -> None:
    assert refusal(b"\xff\xd8\xff" + bytes(photo.MAX_BYTES)) == "too-large"


@pytest.mark.parametrize(
    ("data", "reason", "word"),
    [
        (b"", "no-photo", "the file is empty; send a JPEG, PNG or WebP"),
        (b"\n <!DOCTYPE html><html><body>Sign in</body></html>", "no-photo", "a page of text (HTML or XML)"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><svg/>', "no-photo", "a page of text (HTML or XML)"),
        (b'<?xml version="1.0"?><svg/>', "no-photo", "HTML"),
        (b"just words", "no-photo", "no kind"),
        (b" " * 63 + b"<p>", "no-photo", "HTML"),
        (b" " * 64 + b"<p>", "no-photo", "of no kind that is known"),
        (b"\x0b<p>", "no-photo", "no kind"),
        (b"X<p>", "no-photo", "of no kind that is known; send a JPEG, PNG or WebP"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "unsupported", "Most Compatible"),
        (b"\x00\x00\x00\x20ftypavif\x00", "unsupported", "AVIF"),
        (b"\x00\x00\x00\x20ftypisom\x00", "unsupported", "kind video; send"),
        (b"\x00\x00\x00\x20ftypavif", "unsupported", "AVIF"),
        (b"\x00\x00\x00\x20ftypisom", "unsupported", "video"),
        (b"%PDF-1.7", "unsupported", "PDF"),
    ],
)
def test_what_is_no_photo_is_named(data: bytes, reason: str, word: str) -> None:
    with pytest.raises(Rejected) as refused:
        make_photo(data, keep_location=False)

    assert refused.value.reason == reason
    assert word in refused.value.detail


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "AVIF"])
def test_other_pictures_are_refused(kind: str) -> None:
    assert refusal(file(scene(), kind)) == "unsupported"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_refused(kind: str) -> None:
    second = Image.new("RGB", (480, 320), "white")

    assert refusal(file(scene(), kind, save_all=True, append_images=[second])) == "animated"


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"", jpeg.MAGIC, b"\x89PNG\r\n\x1a\n", b"RIFF\xff\x00\x00\x00WEBP"]),
    st.binary(max_size=300),
)
@example(b"\xff\xd8\xff", b"\xc0\x00\x02\xff\xda\x00\x02\xff\xd9")
@example(b"RIFF\xff\x00\x00\x00WEBP", b"VP8L\x00\x00\x00\x00" + bytes(300))
def test_random_bytes_are_refused(magic: bytes, data: bytes) -> None:
    assert refusal(magic + data) is not None


def test_no_damage_raises() -> None:
    dice = random.Random(7)
    for kind, data in WHOLE.items():
        for _ in range(60):
            damaged = bytearray(data)
            for _ in range(dice.choice((1, 3, 30))):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            refusal(bytes(damaged))
        for _ in range(20):
            at = dice.randrange(len(data))
            assert kind
            refusal(data[:at] + dice.randbytes(dice.randrange(40)) + data[at + dice.randrange(40) :])


@given(
    st.binary(max_size=200), st.sampled_from([b"II*\x00\x08\x00\x00\x00", b"MM\x00*\x00\x00\x00\x08", b""])
)
def test_no_exif_raises(data: bytes, head: bytes) -> None:
    told = reader.read(head + data)

    assert 1 <= told.orientation <= 8


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_is_none_is_left(orientation: int) -> None:
    assert make_photo(file(scene(), exif=exif(orientation)), keep_location=False).pixels == (480, 320)


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "2026:13:01 00:00:00", "yesterday", ""])
def test_a_time_that_is_none_is_left_out(taken: str) -> None:
    assert make_photo(file(scene(), exif=exif(taken=taken)), keep_location=False).taken_at is None


def test_many_directories_of_exif_take_no_time() -> None:
    """Each entry names the whole file as its value: 65,535 copies for who reads all tags."""
    entries = b"".join(struct.pack("<HHLL", tag, 7, 15_000_000, 8) for tag in range(65_535))
    told = b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", 65_535) + entries + bytes(15_000_000)
    tracemalloc.start()

    assert reader.read(told) == reader.Exif()

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
