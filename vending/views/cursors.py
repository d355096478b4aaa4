"""Cursors: where a page of a list ended, as a text that is good in an address. Pure."""

import binascii
from base64 import b64decode, urlsafe_b64encode
from typing import Any

import msgspec

LONGEST = 1_000
"""Characters that a question takes."""


def cursor(*place: str | int) -> str:
    """The text of a place."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def placed[Place: tuple[Any, ...]](text: str, kind: type[Place]) -> Place:
    """The place of a text. Raises ValueError for one that this did not make."""
    try:
        padded = text + "=" * (-len(text) % 4)
        place: Place = msgspec.json.decode(b64decode(padded, altchars="-_", validate=True), type=kind)
    except (binascii.Error, ValueError) as fault:
        raise ValueError("'after' is no cursor: take the 'next' of the page before") from fault
    return place
