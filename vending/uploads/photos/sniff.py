"""What a file is, by its content: its name and the type that was claimed for it say nothing."""

from vending.uploads.photos import jpeg, png, webp
from vending.uploads.photos.container import Container
from vending.uploads.photos.photo import MAX_BYTES, rejected

OTHERS = {
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP",
    b"8BPS": "Photoshop",
    b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
}
"""Kinds of files that people send, to be named in the refusal."""
BRANDS = {b"avif": "AVIF", b"avis": "AVIF"}
HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def opened(data: bytes) -> Container:
    """The file taken apart. Raises Rejected where it is no photo, or out of bounds."""
    if len(data) > MAX_BYTES:
        raise rejected("too-large", f"{len(data):,} bytes; a photo may have {MAX_BYTES:,}")
    if data.startswith(jpeg.MAGIC):
        return jpeg.read(data)
    if data.startswith(png.MAGIC):
        return png.read(data)
    if data[:4] == webp.RIFF and data[8:12] == webp.WEBP:
        return webp.read(data)
    if data[4:8] == b"ftyp" and data[8:12] in HEIC:
        raise rejected(
            "unsupported",
            "a HEIC photo, which cannot be read here; send a JPEG (on an iPhone: Settings, Camera, Formats, "
            "Most Compatible)",
        )
    raise _other(data)


def _other(data: bytes) -> Exception:
    name = next((name for magic, name in OTHERS.items() if data.startswith(magic)), None)
    if data[4:8] == b"ftyp":
        name = BRANDS.get(data[8:12], "video")
    if name is not None:
        return rejected("unsupported", f"a file of the kind {name}; send a JPEG, PNG or WebP")
    text = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
    what = "a page of text (HTML or XML)" if text else "of no kind that is known" if data else "empty"
    return rejected("no-photo", f"the file is {what}; send a JPEG, PNG or WebP")
