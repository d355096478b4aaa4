"""Resource ids (``_rid``), in the layout that the SDKs take apart.

Base64 with ``-`` for ``/`` over bytes: 4 of the database, 4 of the container, 8 of what lies in it. The top
bit of the container's word tells it from a user; the top four bits of the last word, which is little endian,
tell what lies there: 0 an item, 5 a partition key range. An offer has 3 bytes of its own. Source:
``ResourceId`` of azure-cosmos-dotnet-v3 (branch msdata/direct).
"""

import base64
import binascii
import re
import struct
from typing import Final

CONTAINER_BIT: Final = 0x80000000
KIND_SHIFT: Final = 60
ITEM, PARTITION_KEY_RANGE = 0, 5
FORM: Final = re.compile(r"[A-Za-z0-9+-]{6}==|[A-Za-z0-9+-]{11}=|[A-Za-z0-9+-]{22}==")


def database_rid(number: int) -> str:
    """The id of a database."""
    return _text(struct.pack(">I", number))


def container_rid(database: int, number: int) -> str:
    """The id of a container."""
    return _text(struct.pack(">II", database, CONTAINER_BIT | number))


def item_rid(database: int, container: int, seq: int) -> str:
    """The id of an item; ``seq`` is its place in the order of creation, which ties of ORDER BY follow."""
    return _child(database, container, seq, ITEM)


def range_rid(database: int, container: int, number: int) -> str:
    """The id of a partition key range."""
    return _child(database, container, number, PARTITION_KEY_RANGE)


def offer_rid(container: int) -> str:
    """The id of the offer of a container."""
    return _text(container.to_bytes(3, "little"))


def item_seq(text: str, container: str) -> int | None:
    """The ``seq`` of an item's id; None when it names no item of the container with the id ``container``."""
    if FORM.fullmatch(text) is None:
        return None
    try:
        raw, above = (base64.b64decode(one.replace("-", "/"), validate=True) for one in (text, container))
    except binascii.Error:
        return None
    if len(raw) != 16 or raw[:8] != above:
        return None
    word: int = struct.unpack("<Q", raw[8:])[0]
    return word if word >> KIND_SHIFT == ITEM else None


def _child(database: int, container: int, number: int, kind: int) -> str:
    above = struct.pack(">II", database, CONTAINER_BIT | container)
    return _text(above + struct.pack("<Q", kind << KIND_SHIFT | number))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode().replace("/", "-")
