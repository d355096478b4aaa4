"""PNG (ISO/IEC 15948): chunks, of which five kinds draw."""

import zlib
from collections.abc import Iterator

from vending.uploads.photos.container import MAX_PARTS, Container, bounded, truncated
from vending.uploads.photos.photo import MAX_PROFILE, rejected

MAGIC = b"\x89PNG\r\n\x1a\n"
HEADER, END, EXIF, PROFILE, ANIMATION = b"IHDR", b"IEND", b"eXIf", b"iCCP", b"acTL"
DRAWS = {HEADER, b"PLTE", b"tRNS", b"IDAT", END}
BYTES_A_PIXEL = 8
"""The whole picture, and a copy of it in another mode."""


def read(data: bytes) -> Container:
    """Take a PNG apart. Raises Rejected."""
    header = data[len(MAGIC) + 8 : len(MAGIC) + 16]
    if data[len(MAGIC) + 4 : len(MAGIC) + 8] != HEADER or len(header) < 8:
        raise rejected("broken", "the PNG does not begin with its header")
    size = bounded(int.from_bytes(header[:4]), int.from_bytes(header[4:]), BYTES_A_PIXEL)
    kept, exif, profile = [MAGIC], b"", b""
    for name, start, end in _chunks(data):
        if name == ANIMATION:
            raise rejected("animated", "the PNG is an animation; send a photo")
        if name in DRAWS:
            kept.append(data[start:end])
        elif name == EXIF:
            exif = exif or data[start + 8 : end - 4]
        elif name == PROFILE:
            profile = profile or _inflated(data[start + 8 : end - 4])
    return Container("PNG", size, b"".join(kept), exif, profile)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk, up to and with the last one."""
    at = len(MAGIC)
    for _ in range(MAX_PARTS):
        length, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 12 + length
        if len(data) < end:
            raise truncated("PNG")
        yield name, at, end
        at = end
        if name == END:
            return
    raise rejected("broken", f"the PNG has more than {MAX_PARTS:,} chunks")


def _inflated(chunk: bytes) -> bytes:
    """A profile: its name, the method (0), the deflated bytes. Nothing where it is none, or too long."""
    _, _, packed = chunk.partition(b"\x00")
    inflate = zlib.decompressobj()
    try:
        whole = inflate.decompress(packed[1:], MAX_PROFILE)
    except zlib.error:
        return b""
    return whole if inflate.eof else b""
