"""JSON that some service answers to a GET."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec


async def get(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], *, redirected: bool = True
) -> tuple[int, Any]:
    """Status and JSON (None where the answer is none). Status 0: nobody answers."""
    try:
        async with session.get(url, headers=headers, allow_redirects=redirected) as answer:
            status, body = answer.status, await answer.read()
    except (aiohttp.ClientError, TimeoutError):
        return 0, None
    try:
        return status, msgspec.json.decode(body)
    except msgspec.DecodeError:
        return status, None
