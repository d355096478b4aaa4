"""The one module that decodes and encodes pictures, by Pillow; importing it imports Pillow."""

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageCms

from vending.uploads.photos.container import Container
from vending.uploads.photos.photo import LARGE, THUMBNAIL, Dimensions, Reason, rejected

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each orientation of EXIF."""
ON_ITS_SIDE = (5, 6, 7, 8)
QUALITY = 80
PAPER = (255, 255, 255)
"""What shows through transparent places. What the file holds beneath them is not kept."""
FAULTS = (OSError, SyntaxError, ValueError, TypeError, EOFError, struct.error, zlib.error)
"""What Pillow raises for pictures that are none."""


def draw(picture: Container, orientation: int) -> tuple[bytes, bytes]:
    """The large picture and the thumbnail in WebP, upright. Raises Rejected."""
    try:
        reduced = _reduced(picture)
    except FAULTS as fault:
        reason: Reason = "truncated" if "truncated" in str(fault) else "broken"
        raise rejected(reason, f"the {picture.format} cannot be read to its end: {fault}") from fault
    large = _in_srgb(reduced, picture.profile)
    if orientation in UPRIGHT:
        large = large.transpose(UPRIGHT[orientation])
    thumbnail = large.resize(upright(picture.size, orientation).within(THUMBNAIL), Image.Resampling.LANCZOS)
    return _encoded(large), _encoded(thumbnail)


def upright(size: Dimensions, orientation: int) -> Dimensions:
    """The dimensions when the orientation is undone."""
    return Dimensions(size.height, size.width) if orientation in ON_ITS_SIDE else size


def _reduced(picture: Container) -> Image.Image:
    """Decoded and made small before anything else is done to it, so that copies are small."""
    target = picture.size.within(LARGE)
    with Image.open(BytesIO(picture.drawing), formats=(picture.format,)) as image:
        if image.size != picture.size:
            raise ValueError("it says two different sizes")
        image.draft(None, target)  # A JPEG is decoded at the smallest scale that is large enough.
        image.load()
        return _plain(image).resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be resized: L, RGB, CMYK, LA or RGBA."""
    if image.mode == "I;16":
        # Sixteen bits of gray: the upper eight.
        return image.point(lambda value: value * (1 / 256), "L")
    if "transparency" in image.info or image.mode in ("P", "PA"):
        return image.convert("RGBA")
    return image.convert("L") if image.mode == "1" else image


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """In RGB on white. A profile that does not fit the picture is left out."""
    if image.mode in ("LA", "RGBA"):
        opaque = Image.new("RGB", image.size, PAPER)
        opaque.paste(image.convert("RGB"), mask=image.getchannel("A"))
        image = opaque
    if profile:
        try:
            source, target = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            image = converted or image
        except (ImageCms.PyCMSError, *FAULTS):
            pass
    return image.convert("RGB")


def _encoded(image: Image.Image) -> bytes:
    """Always the same bytes for the same picture and library. Nothing but the picture is written."""
    out = BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=4, exif=b"", xmp=b"", icc_profile=None)
    return out.getvalue()
