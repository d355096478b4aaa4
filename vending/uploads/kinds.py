"""What may be uploaded: the bounds that admission states and processing checks."""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of upload. What its content really is, its processor finds out."""

    content_types: tuple[str, ...]
    most_bytes: int


KINDS = MappingProxyType(
    {
        "photo": Kind(("image/jpeg", "image/png", "image/webp"), 20 * 2**20),
        "dex": Kind(("text/plain", "application/octet-stream", "application/json"), 2 * 2**20),
    }
)
"""By the name that is the first part of a blob's name."""
