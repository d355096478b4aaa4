"""What cameras send becomes two clean, upright pictures, whatever kind it is of."""

from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from tests.support.pictures import SECRETS, chunks, corners, exif, file, near, scene, seen, telling
from vending.uploads.photos.make_photo import make_photo
from vending.uploads.photos.photo import Location, Photo
from vending.uploads.photos.sniff import opened

PLAIN = [b"VP8 "]


def photo(data: bytes, keep_location: bool = False) -> Photo:
    return make_photo(data, keep_location=keep_location)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_undone(kind: str, orientation: int) -> None:
    data = telling(kind, orientation)
    upright = ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB")

    made = photo(data)

    assert tuple(made.pixels) == upright.size
    assert seen(made.large).size == upright.size
    for picture in (made.large, made.thumbnail):
        assert near(corners(seen(picture)), corners(upright))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("keep", [False, True])
def test_nothing_but_the_picture_is_kept(kind: str, keep: bool) -> None:
    data = telling(kind, 6)
    assert any(secret in data for secret in SECRETS)

    made = photo(data, keep)

    for picture in (made.large, made.thumbnail):
        assert chunks(picture) == PLAIN
        assert not [secret for secret in SECRETS if secret in picture]
        opened = Image.open(BytesIO(picture))
        assert not dict(opened.getexif())
        assert not opened.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        assert opened.info.keys() <= {"loop", "background", "timestamp", "duration"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_decoder_never_sees_metadata(kind: str) -> None:
    drawing = opened(telling(kind)).drawing

    assert not [secret for secret in SECRETS if secret in drawing]
    assert not set(Image.open(BytesIO(drawing)).info) & {"exif", "icc_profile", "xmp", "comment"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_when_and_where_are_told_beside_the_pictures(kind: str) -> None:
    kept, dropped = photo(telling(kind), keep_location=True), photo(telling(kind))

    assert kept.taken_at == dropped.taken_at == "2026-11-26T15:04:05+01:00"
    assert kept.location == Location(-48.5005, -11.5005)
    assert dropped.location is None
    assert (kept.large, kept.thumbnail) == (dropped.large, dropped.thumbnail)


def test_the_same_bytes_give_the_same_photo() -> None:
    assert photo(telling()) == photo(telling())


@pytest.mark.parametrize(
    ("size", "large", "thumbnail"),
    [
        ((4000, 3000), (1280, 960), (320, 240)),
        ((3000, 4000), (960, 1280), (240, 320)),
        ((1280, 1280), (1280, 1280), (320, 320)),
        ((400, 300), (400, 300), (320, 240)),
        ((319, 20), (319, 20), (319, 20)),
        ((1, 1), (1, 1), (1, 1)),
        ((1, 20_000), (1, 1280), (1, 320)),
        ((20_000, 1), (1280, 1), (320, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_longest_side_is_bounded_and_nothing_is_enlarged(
    kind: str, size: tuple[int, int], large: tuple[int, int], thumbnail: tuple[int, int]
) -> None:
    made = photo(file(scene(*size), kind))

    assert seen(made.large).size == large
    assert seen(made.thumbnail).size == thumbnail


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "1"), ("PNG", "L"), ("PNG", "LA"), ("PNG", "P"),
        ("PNG", "RGBA"), ("WEBP", "RGBA"), ("WEBP", "L"),
    ],
)  # fmt: skip
def test_every_mode_is_drawn(kind: str, mode: str) -> None:
    image = scene(mode=mode)

    made = photo(file(image, kind))

    assert near(corners(seen(made.large)), corners(image.convert("RGB")), by=20)
    assert chunks(made.large) == PLAIN


@pytest.mark.parametrize("more", [{"progressive": True}, {"subsampling": 0}, {"optimize": True}])
def test_every_jpeg_is_drawn(more: dict[str, Any]) -> None:
    assert near(corners(seen(photo(file(scene(), **more)).large)), corners(scene()))


def test_sixteen_bits_of_gray_keep_their_upper_eight() -> None:
    eight = Image.linear_gradient("L")
    deep = eight.convert("I").point(lambda value: value * 257).convert("I;16")
    data = file(deep, "PNG")
    assert Image.open(BytesIO(data)).mode == "I;16"

    assert photo(data).large == photo(file(eight, "PNG")).large


def test_what_is_transparent_is_white_and_hides_nothing() -> None:
    clear, covered = scene().convert("RGBA"), scene(mode="P")
    clear.putalpha(0)
    palette = file(covered, "PNG", transparency=covered.getpixel((0, 0)))

    assert seen(photo(file(clear, "PNG")).large).getextrema() == ((255, 255),) * 3
    assert seen(photo(palette).large).getpixel((4, 4)) == (255, 255, 255)
    assert near([tuple(seen(photo(palette).large).getpixel((400, 40)))], [(51, 153, 51)], by=20)  # type: ignore[arg-type]


def test_a_color_profile_is_applied_and_left_out() -> None:
    lab = ImageCms.createProfile("LAB", 5000)
    other = ImageCms.ImageCmsProfile(lab).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = photo(file(scene(), "PNG")).large

    assert near(
        corners(seen(photo(file(scene(), "PNG", icc_profile=srgb)).large)), corners(seen(plain)), by=3
    )
    assert photo(file(scene(), "PNG", icc_profile=other)).large == plain  # It does not fit an RGB picture.
    assert photo(file(scene(), "PNG", icc_profile=b"none at all")).large == plain


def test_a_profile_of_another_gamma_changes_what_is_seen() -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ", 128), profile.index(b"bXYZ", 128)
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"

    for kind in ("JPEG", "PNG", "WEBP"):
        made = photo(file(scene(), kind, icc_profile=bytes(profile)))
        upper_left, _, lower_left, _ = corners(seen(made.large))
        assert upper_left[2] > upper_left[0]
        assert lower_left[0] > lower_left[2]


def test_of_a_long_profile_all_parts_are_read() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    long = srgb + b"\x00" * 150_000
    data = file(scene(), icc_profile=long)
    assert data.count(b"ICC_PROFILE\x00") == 3

    from vending.uploads.photos.jpeg import read

    assert read(data).profile == long


def test_bytes_after_the_picture_are_left_out() -> None:
    """Phones put a film behind it."""
    made = photo(telling() + b"\x00\x00\x00\x18ftypmp42" + b"CAMERA-7" * 1000)

    assert made == photo(telling())


def test_a_second_picture_in_the_file_is_left_out() -> None:
    out = BytesIO()
    scene().save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (480, 320), "white")])

    assert near(corners(seen(photo(out.getvalue()).large)), corners(scene()))


def test_without_exif_nothing_is_told() -> None:
    made = photo(file(scene()), keep_location=True)

    assert (made.taken_at, made.location) == (None, None)


def test_exif_of_either_byte_order_is_read() -> None:
    told = exif(3)
    for order in ("<", ">"):
        told.endian = order
        assert photo(file(scene(), exif=told), keep_location=True).location == Location(-48.5005, -11.5005)
