"""JPEG (ITU-T T.81): segments until the first scan, then the scans, which stay as they are."""

from collections.abc import Iterator

from vending.uploads.photos.container import MAX_PARTS, Container, bounded, truncated
from vending.uploads.photos.photo import MAX_PROFILE, Dimensions, rejected

MAGIC = b"\xff\xd8\xff"
SOI, EOI, SOS = b"\xff\xd8", b"\xff\xd9", 0xDA
APP0, APP1, APP2, APP14, APP15, COM = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
FRAMES = {0xC0, 0xC1, 0xC2}
"""Baseline, extended, progressive: what libjpeg decodes."""
OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
PROGRESSIVE = 0xC2
MAX_SCANS = 64
"""A progressive JPEG has about ten; each costs the time of the whole picture."""
EXIF, PROFILE = b"Exif\x00\x00", b"ICC_PROFILE\x00"


def read(data: bytes) -> Container:
    """Take a JPEG apart. Raises Rejected."""
    kept, exif, profiles = [SOI], b"", []
    frame: bytes | None = None
    progressive = False
    for marker, start, end in _segments(data):
        body = data[start + 4 : end]
        if marker in OTHER_FRAMES or (marker in FRAMES and frame is not None):
            raise rejected("unsupported", "a JPEG of a kind that no camera writes; send an ordinary one")
        if marker in FRAMES:
            frame, progressive = body, marker == PROGRESSIVE
        elif marker == APP1 and body.startswith(EXIF):
            exif = exif or body[len(EXIF) :]
        elif marker == APP2 and body.startswith(PROFILE):
            profiles.append(body[len(PROFILE) :])
        # JFIF and Adobe's segment say how the colors are coded.
        if marker in (APP0, APP14) or not (APP0 <= marker <= APP15 or marker == COM):
            kept.append(data[start:end])
    kept.append(_scans(data, end))
    size = _size(frame, progressive, scan=data[start + 4 : end])
    return Container("JPEG", size, b"".join(kept), exif, _joined(profiles))


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment, up to and with the header of the first scan."""
    at = len(SOI)
    for _ in range(MAX_PARTS):
        while data[at : at + 2] == b"\xff\xff":
            at += 1  # A marker may be preceded by any number of fill bytes.
        if len(data) < at + 4:
            raise truncated("JPEG")
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if data[at] != 0xFF or marker < 0xC0 or 0xD0 <= marker <= 0xD9 or length < 2:
            raise rejected("broken", f"byte {at:,} of the JPEG should begin a segment")
        if len(data) < at + 2 + length:
            raise truncated("JPEG")
        yield marker, at, at + 2 + length
        at += 2 + length
        if marker == SOS:
            return
    raise rejected("broken", f"the JPEG has more than {MAX_PARTS:,} segments")


def _scans(data: bytes, start: int) -> bytes:
    """What follows the first scan's header. A decoder may be content without an end; a photo has one."""
    end = data.rfind(EOI, start)
    if end < 0:
        raise truncated("JPEG")
    if data.count(bytes([0xFF, SOS]), start, end) >= MAX_SCANS:
        raise rejected("broken", f"the JPEG has more than {MAX_SCANS} scans")
    return data[start : end + len(EOI)]


def _size(frame: bytes | None, progressive: bool, scan: bytes) -> Dimensions:
    """Precision, height, width, number of components.

    What comes in several scans the decoder holds whole, two bytes a sample, however small it is drawn.
    """
    if frame is None or len(frame) < 6 or not scan:
        raise rejected("broken", "the JPEG does not say how large it is")
    components = frame[5]
    in_parts = progressive or scan[0] < components
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    return bounded(width, height, 4 + (2 * components if in_parts else 0))


def _joined(profiles: list[bytes]) -> bytes:
    """A profile that came in numbered parts (number, of how many, bytes)."""
    whole = b"".join(part[2:] for part in sorted(profiles, key=lambda part: part[:1]))
    return whole if len(whole) <= MAX_PROFILE else b""
