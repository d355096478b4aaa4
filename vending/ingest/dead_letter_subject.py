"""Whom a refused event is about, also where its body is not right. Pure."""

from typing import NamedTuple

import msgspec

MACHINE, DEVICE = "machines/", "/devices/"
LONGEST = 64
"""Characters of a name; what is longer names nobody."""


class Subject(NamedTuple):
    """The machine and the device that a body names."""

    machine: str | None = None
    device: str | None = None


class _Named(msgspec.Struct):
    subject: str = ""
    source: str = ""


def subject_of(body: bytes) -> Subject:
    """What the body says; nothing where it does not say it as events do."""
    try:
        said = msgspec.json.decode(body, type=_Named)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Subject()
    return Subject(_name(said.subject, MACHINE), _name(said.source, DEVICE))


def _name(text: str, prefix: str) -> str | None:
    name = text.removeprefix(prefix)
    return name if text.startswith(prefix) and 0 < len(name) <= LONGEST else None
