"""Cursors: where a page of a list ended, as a text that is good in an address. Pure."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

LONGEST = 1_000
"""Characters that are looked at."""


def cursor(*place: str | int) -> str:
    """The text of a place."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def placed[Place: tuple[Any, ...]](text: str, kind: type[Place]) -> Place:
    """The place of a text. Raises ValueError for one that this did not make."""
    try:
        if len(text) > LONGEST:
            raise ValueError
        padded = (text + "=" * (-len(text) % 4)).encode("ascii")
        place: Place = msgspec.json.decode(urlsafe_b64decode(padded), type=kind)
    except (binascii.Error, ValueError) as fault:
        raise ValueError("'after' is no cursor: take the 'next' of the page before") from fault
    return place
