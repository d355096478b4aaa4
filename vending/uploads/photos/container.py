"""A picture's file taken apart, before any decoder sees it: what draws it, and what only tells of it.

The decoder then gets ``drawing`` alone: what it never sees can neither fill its memory nor reach its output.
"""

from dataclasses import dataclass
from typing import Literal

from vending.uploads.photos.photo import MAX_MEMORY, MAX_SIDE, Dimensions, rejected

Format = Literal["JPEG", "PNG", "WEBP"]
MAX_PARTS = 65_536
"""Segments or chunks of a file: real ones have tens, PNG up to thousands."""


@dataclass(frozen=True, slots=True)
class Container:
    """A picture that is whole and within the bounds, by what its file says."""

    format: Format
    size: Dimensions
    drawing: bytes
    """The file without metadata."""
    exif: bytes = b""
    """A TIFF, or nothing."""
    profile: bytes = b""
    """The color profile (ICC), or nothing: sRGB."""


def bounded(width: int, height: int, bytes_a_pixel: int) -> Dimensions:
    """The dimensions. Raises Rejected where decoding them would take too much memory."""
    if not width or not height:
        raise rejected("broken", f"the picture is {width} × {height} pixels")
    if max(width, height) > MAX_SIDE or width * height * bytes_a_pixel > MAX_MEMORY:
        most = MAX_MEMORY // bytes_a_pixel // 1_000_000
        raise rejected(
            "too-many-pixels",
            f"{width} × {height} pixels; a picture of this kind may have {most} megapixels, "
            f"and {MAX_SIDE:,} in a row or column",
        )
    return Dimensions(width, height)


def truncated(name: str) -> Exception:
    """For a file that ends too early."""
    return rejected("truncated", f"the {name} ends before its picture does; send it again")
