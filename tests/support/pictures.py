"""Pictures as cameras and strangers send them, made by Pillow, and a look into what came out."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

from vending.errors import Rejected
from vending.uploads.photos.sniff import opened

CORNERS = {"upper left": (200, 30, 30), "upper right": (30, 160, 30), "lower left": (30, 30, 200)}
"""The fourth, lower right, is black."""
SECRETS = (b"Exif", b"GPS", b"http://ns.adobe.com", b"xpacket", b"Photoshop 3.0", b"ICC_PROFILE", b"CAMERA-7")
"""Bytes of metadata, none of which may be in a picture that is kept."""
OFFSET = "+01:00"
PNG = b"\x89PNG\r\n\x1a\n"
"""What such a file begins with."""
TIFF = b"II*\x00 as a camera writes it"
"""What stands in a file as EXIF, where nobody reads it."""


def scene(width: int = 480, height: int = 320, mode: str = "RGB") -> Image.Image:
    """A picture of which each corner has a color of its own."""
    image = Image.new("RGB", (width, height))
    half = width // 2, height // 2
    image.paste(CORNERS["upper left"], (0, 0, *half))
    image.paste(CORNERS["upper right"], (half[0], 0, width, half[1]))
    image.paste(CORNERS["lower left"], (0, half[1], half[0], height))
    return image.convert(mode, dither=Image.Dither.NONE)


def exif(orientation: int = 1, *, gps: bool = True, taken: str = "2026:11:26 15:04:05") -> Image.Exif:
    """What a phone writes: orientation, camera, time, where."""
    told = Image.Exif()
    told[0x0112], told[0x010F] = orientation, "CAMERA-7"
    told.get_ifd(0x8769).update({0x9003: taken, 0x9011: OFFSET})
    if gps:
        latitude, longitude = (
            (IFDRational(degrees), IFDRational(30), IFDRational(18, 10)) for degrees in (48, 11)
        )
        told.get_ifd(0x8825).update({1: "S", 2: tuple(latitude), 3: "W", 4: tuple(longitude)})
    return told


def file(image: Image.Image, kind: str = "JPEG", **more: Any) -> bytes:
    """The file of a picture."""
    out = BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def telling(kind: str = "JPEG", orientation: int = 1, **more: Any) -> bytes:
    """A photo with all the metadata that Pillow can write into that kind."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    packet = b'<?xpacket begin=""?><x xmlns="http://ns.adobe.com/xap/1.0/">CAMERA-7</x><?xpacket end="w"?>'
    extra = {"xmp": packet} if kind != "PNG" else {}
    if kind == "JPEG":
        extra["comment"] = b"CAMERA-7"
    return file(scene(), kind, exif=exif(orientation), icc_profile=profile, **extra, **more)


def seen(picture: bytes) -> Image.Image:
    """A kept picture as somebody sees it."""
    image = Image.open(BytesIO(picture))
    image.load()
    return image.convert("RGB")


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colors at the corners: upper left, upper right, lower left, lower right."""
    right, low = image.width * 7 // 8, image.height * 7 // 8
    places = [
        (image.width // 8, image.height // 8),
        (right, image.height // 8),
        (image.width // 8, low),
        (right, low),
    ]
    return [tuple(image.getpixel(place)) for place in places]  # type: ignore[arg-type]


def near(left: list[tuple[int, ...]], right: list[tuple[int, ...]], by: int = 12) -> bool:
    """Whether colors are the same to the eye."""
    return all(
        abs(one - other) <= by
        for a, b in zip(left, right, strict=True)
        for one, other in zip(a, b, strict=True)
    )


def chunks(webp: bytes) -> list[bytes]:
    """The names of the chunks of a WebP file, which must fill it exactly."""
    assert webp[:4] == b"RIFF"
    assert webp[8:12] == b"WEBP"
    assert struct.unpack("<L", webp[4:8])[0] + 8 == len(webp)
    names, at = [], 12
    while at < len(webp):
        names.append(webp[at : at + 4])
        length = struct.unpack("<L", webp[at + 4 : at + 8])[0]
        at += 8 + length + length % 2
    assert at == len(webp)
    return names


def png_chunk(name: bytes, body: bytes = b"") -> bytes:
    """A chunk of a PNG, its checksum right."""
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG of 8-bit colors: its header and nothing more."""
    return PNG + png_chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0))


def refused(data: bytes) -> tuple[str, str]:
    """Reason and words for a file that is no photo."""
    with pytest.raises(Rejected) as found:
        opened(data)
    return found.value.reason, found.value.detail
