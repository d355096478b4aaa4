"""Frames between the host and a worker process: four bytes of length, then one marshalled value.

``marshal`` is fast, takes bytes as they are and can build no object of a class. Both ends are always the same
interpreter, so its format needs no version. A datum travels as ``(type, value)``, type as in ``Datum.type``;
a collection's value is a list, an http value a dict of datums.
"""

import asyncio
import marshal
import struct
from typing import Any

HEADER = struct.Struct("!I")
MAX_FRAME = 1 << 30

type Wire = tuple[str | None, Any]
"""A datum on the wire."""


def encode(value: Any) -> memoryview:
    """One frame. ``ValueError`` for a value that is not plain data.

    As a view: of bytes that wait behind another frame, asyncio would copy the rest each time some are sent,
    and a frame may hold a hundred megabytes.
    """
    body = marshal.dumps(value)
    return memoryview(HEADER.pack(len(body)) + body)


async def read(reader: asyncio.StreamReader) -> Any:
    """The next frame's value. ``EOFError`` when the other end is gone."""
    try:
        (size,) = HEADER.unpack(await reader.readexactly(HEADER.size))
        if size > MAX_FRAME:
            raise ValueError(f"a frame of {size} bytes is over {MAX_FRAME}: the pipe carries something else")
        return marshal.loads(await reader.readexactly(size))  # noqa: S302 - both ends are this program
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise EOFError("the other end of the pipe is gone") from error
