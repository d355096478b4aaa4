"""The name that a device's credential opens at the hub: it says device, machine and highest epoch issued.

``1_.{device}_.{machine}_.{epoch}``: ``1`` is the form's number, ``_.`` separates. In the names a capital is
``_`` with the small letter, ``_`` itself is ``__``, so a separator cannot stand in a name and two names that
differ in case only stay two names where a service does not tell capitals from small letters. It is made of
small letters, digits, ``.``, ``-`` and ``_`` alone, and begins and ends with a letter or digit, as entity
names of Event Hubs do. What a device says of itself is compared with it: nothing has to be looked up.
"""

import re
from functools import lru_cache
from typing import NamedTuple

LONGEST = 128
"""Characters: the publisher's name is the partition key too, and an IoT Hub device may be named so."""
MAX_EPOCH = 2**31 - 1
"""CloudEvents' largest integer."""
MAX_UNSIGNED_EPOCH = 2_146_000_000
"""Of events whose epoch nobody signed; above it are 1.4 million epochs that only a credential opens.

Tools number by the seconds since 1970; these get here in January 2038.
"""
_FORM = "1"
_END = "_."
_ESCAPED = r"((?:[a-z0-9.\-]|_[a-z_])+)"
_NAME = re.compile(rf"{_FORM}_\.{_ESCAPED}_\.{_ESCAPED}_\.(0|[1-9][0-9]{{0,9}})")
_PLAIN = re.compile(r"[A-Za-z0-9._\-]+")
_CAPITAL, _MARKED = re.compile("[A-Z_]"), re.compile("_([a-z_])")


class Publisher(NamedTuple):
    """Who a credential was issued to: a board, built into a machine, with all epochs up to one."""

    device: str
    machine: str
    epoch: int


def build(publisher: Publisher) -> str:
    """The publisher's name. Raises ValueError where there is none for it."""
    device, machine, epoch = publisher
    if not (_PLAIN.fullmatch(device) and _PLAIN.fullmatch(machine) and 0 <= epoch <= MAX_EPOCH):
        raise ValueError(f"{publisher} has a name or an epoch that no event can have")
    name = _END.join((_FORM, _marked(device), _marked(machine), str(epoch)))
    if len(name) > LONGEST:
        raise ValueError(
            f"the names {device!r} and {machine!r} are too long together: the publisher would have "
            f"{len(name)} of {LONGEST} characters (a capital and _ count twice)"
        )
    return name


@lru_cache(maxsize=16_384)
def parse(name: str) -> Publisher | None:
    """Who the name speaks for, in whatever case the hub gives it; None for any other name."""
    found = _NAME.fullmatch(name.lower()) if name.isascii() else None
    if found is None:
        return None
    device, machine, epoch = found.groups()
    publisher = Publisher(_plain(device), _plain(machine), int(epoch))
    return publisher if publisher.epoch <= MAX_EPOCH else None


def bound(name: str) -> bool:
    """Whether a publisher of that name speaks for one machine only."""
    return parse(name) is not None


def _marked(name: str) -> str:
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name)


def _plain(text: str) -> str:
    return _MARKED.sub(lambda found: found[1].upper(), text)
