"""A photo as it is kept: two pictures without any metadata, and beside them what the metadata said.

An upload that becomes no photo raises :class:`vending.errors.Rejected` with a :data:`Reason`.
"""

from typing import Literal, NamedTuple

from msgspec import Struct

from vending.errors import Rejected

Size = Literal[320, 1280]
THUMBNAIL: Size = 320
LARGE: Size = 1280
"""Pixels of the longest side, at the most: a small photo is not enlarged."""
MAX_BYTES = 20 * 1024 * 1024
MAX_SIDE = 65_535
"""Pixels: as many as a JPEG has. Pillow keeps a pointer for each row."""
MAX_MEMORY = 256 * 1024 * 1024
"""Bytes that decoding may take, as reckoned from the header: 67 megapixels of an ordinary JPEG."""
MAX_PROFILE = 1024 * 1024
"""Bytes of a color profile; a longer one is left out, and the picture taken as sRGB."""

Reason = Literal["animated", "broken", "no-photo", "too-large", "too-many-pixels", "truncated", "unsupported"]


class Dimensions(NamedTuple):
    """Pixels."""

    width: int
    height: int

    def within(self, longest: int) -> "Dimensions":
        """The same shape, its longest side not above ``longest``."""
        most = max(self)
        if most <= longest:
            return self
        return Dimensions(*(max(1, round(side * longest / most)) for side in self))


class Location(Struct, frozen=True):
    """Degrees, WGS 84; south and west are negative."""

    latitude: float
    longitude: float


class Photo(Struct, frozen=True):
    """Two pictures in WebP, upright, in sRGB."""

    thumbnail: bytes
    large: bytes
    pixels: Dimensions
    """Of the original, upright."""
    taken_at: str | None = None
    """By the camera's clock, ISO 8601; with an offset where the camera said one."""
    location: Location | None = None
    """Only where the policy keeps it."""


def rejected(reason: Reason, detail: str) -> Rejected:
    """Why an upload becomes no photo; ``detail`` is for whoever sent it."""
    return Rejected(reason, detail)
