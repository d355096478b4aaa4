"""host.json ``extensions.http``: how many requests at once, and headers of every answer; the bound of bodies.

Source: azure-functions-host HttpOptions, HttpRequestQueue, HttpRequestBodySizeMiddleware; measured: 429 over
the bound of requests, 500 over that of bodies. Without a setting any number of requests, bodies of 100 MiB.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from devstack.functions import log
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError

_ROOT = "extensions.http"
BODY_SETTING = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
MAX_BODY = 100 * 1024 * 1024


class Limits:
    """``maxConcurrentRequests`` run, others wait; over ``maxOutstandingRequests`` of both, 429."""

    def __init__(self, configuration: Configuration) -> None:
        concurrent = configuration.integer(f"{_ROOT}.maxConcurrentRequests", -1, low=-1)
        self._outstanding = configuration.integer(f"{_ROOT}.maxOutstandingRequests", -1, low=-1)
        self._turns = asyncio.Semaphore(concurrent) if concurrent > 0 else None
        self.body = _body_limit(configuration)
        """Bytes that a request's body may have: told by its Content-Length, it is refused unread."""
        self._count = 0
        self._idle = asyncio.Event()
        self._idle.set()
        found: Any = configuration.value(f"{_ROOT}.customHeaders", {})
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
            raise ConfigurationError(f"host.json {_ROOT}.customHeaders must be an object of texts")
        self._headers: dict[str, str] = found

    async def idle(self) -> None:
        """Return when no request is under way."""
        await self._idle.wait()

    async def guard(self, answer: Callable[[], Awaitable[web.Response]]) -> web.Response:
        """Answer in turn, or with 429."""
        if 0 < self._outstanding <= self._count:
            return web.Response(status=429, headers=self._headers)
        self._count += 1
        self._idle.clear()
        try:
            if self._turns is None:
                response = await answer()
            else:
                async with self._turns:
                    response = await answer()
        finally:
            self._count -= 1
            if not self._count:
                self._idle.set()
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        return response


def _body_limit(configuration: Configuration) -> int:
    """A value that is no number counts as none, as on the platform; here it is said."""
    found = (configuration.settings.get(BODY_SETTING) or "").strip()
    if found.isascii() and found.isdigit():
        return int(found)
    if found:
        log.error(f"{BODY_SETTING} is {found!r}, which is no number of bytes: bodies may have {MAX_BODY}")
    return MAX_BODY
