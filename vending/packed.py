"""JSON content as text that takes less room: base64 of zlib.

Cosmos DB charges by the document's size, and what many machines say repeats itself: packed it has a third of
its bytes, or less. Pure.
"""

import base64
import zlib
from typing import Any

import msgspec

LEVEL = 3
"""Of zlib: 500 KB in 5 ms. Level 6 saves 15 % of the bytes and takes twice as long."""


def pack(content: Any) -> str:
    """JSON content as text."""
    return base64.b64encode(zlib.compress(msgspec.json.encode(content), LEVEL)).decode()


def unpack(text: str) -> Any:
    """The content of a packed field."""
    return msgspec.json.decode(zlib.decompress(base64.b64decode(text)))
