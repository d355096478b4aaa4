"""WebP (RFC 9649): a RIFF file of chunks."""

from collections.abc import Iterator

from vending.uploads.photos.container import MAX_PARTS, Container, bounded, truncated
from vending.uploads.photos.photo import MAX_PROFILE, Dimensions, rejected

RIFF, WEBP = b"RIFF", b"WEBP"
EXTENDED, LOSSY, LOSSLESS, ALPHA = b"VP8X", b"VP8 ", b"VP8L", b"ALPH"
EXIF, PROFILE, ANIMATION = b"EXIF", b"ICCP", (b"ANIM", b"ANMF")
HAS_ALPHA = 0x10
"""Of the flags that an extended header begins with."""
BYTES_A_PIXEL = 16
"""The decoder has two canvases and a frame; the picture is a fourth."""
EXIF_PREFIX = b"Exif\x00\x00"


def read(data: bytes) -> Container:
    """Take a WebP apart. Raises Rejected."""
    found: dict[bytes, bytes] = {}
    for name, body in _chunks(data):
        if name in ANIMATION:
            raise rejected("animated", "the WebP is an animation; send a photo")
        found.setdefault(name, body)
    picture = LOSSLESS if LOSSLESS in found else LOSSY
    if picture not in found:
        raise rejected("broken", "the WebP has no picture")
    size = _size(found, picture)
    parts = [(name, found[name]) for name in (EXTENDED, ALPHA, picture) if name in found]
    profile = found.get(PROFILE, b"")
    return Container(
        "WEBP",
        size,
        _written(parts),
        found.get(EXIF, b"").removeprefix(EXIF_PREFIX),
        profile if len(profile) <= MAX_PROFILE else b"",
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk. Raises Rejected where the file is shorter than it says."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise truncated("WebP")
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > end:
            return
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            raise truncated("WebP")
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    raise rejected("broken", f"the WebP has more than {MAX_PARTS:,} chunks")


def _size(found: dict[bytes, bytes], picture: bytes) -> Dimensions:
    """From the extended header where there is one: the decoder makes a canvas of that size."""
    if EXTENDED in found:
        header = found[EXTENDED].ljust(10, b"\x00")
        width, height = (1 + int.from_bytes(header[at : at + 3], "little") for at in (4, 7))
    elif picture == LOSSLESS:
        bits = int.from_bytes(found[LOSSLESS][1:5].ljust(4, b"\x00"), "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        header = found[LOSSY][:10].ljust(10, b"\x00")
        width, height = (int.from_bytes(header[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return bounded(width, height, BYTES_A_PIXEL)


def _written(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A file of these chunks; the extended header names no other."""
    chunks = []
    for name, body in parts:
        told = bytes([body[0] & HAS_ALPHA]) + body[1:] if name == EXTENDED and body else body
        chunks.append(name + len(told).to_bytes(4, "little") + told + b"\x00" * (len(told) % 2))
    whole = b"".join(chunks)
    return RIFF + (4 + len(whole)).to_bytes(4, "little") + WEBP + whole
