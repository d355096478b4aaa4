"""Pictures' files taken apart: what Pillow says of the same file."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms

from tests.support.pictures import exif, file, scene
from vending.uploads.photos.sniff import opened

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
KINDS = [
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {}),
    ("JPEG", "CMYK", {"progressive": True}),
    ("PNG", "RGB", {}),
    ("PNG", "P", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {}),
]
sides = st.integers(2, 300)


@pytest.mark.parametrize(("kind", "mode", "how"), KINDS)
@given(sides, sides, st.booleans(), st.booleans())
def test_pillow_says_the_same_of_it(
    kind: str, mode: str, how: dict[str, bool], width: int, height: int, tells: bool, colors: bool
) -> None:
    more = how | ({"exif": exif()} if tells else {}) | ({"icc_profile": ICC} if colors else {})
    data = file(scene(width, height, mode), kind, **more)
    seen = Image.open(BytesIO(data))

    found = opened(data)

    assert (found.format, tuple(found.size)) == (kind, seen.size)
    assert found.exif == seen.info.get("exif", b"").removeprefix(b"Exif\x00\x00")
    assert found.profile == seen.info.get("icc_profile", b"")
    drawn = Image.open(BytesIO(found.drawing))
    assert (drawn.mode, drawn.size) == (seen.mode, seen.size)
    assert ImageChops.difference(drawn.convert("RGB"), seen.convert("RGB")).getbbox() is None
