"""host.json ``extensions.http``: how many requests at once, and headers of every answer.

Source: azure-functions-host HttpOptions, HttpRequestQueue; measured: 429 over the bound. Without a setting
there is no bound, as on a plan without per-instance limits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError

_ROOT = "extensions.http"


class Limits:
    """``maxConcurrentRequests`` run, others wait; over ``maxOutstandingRequests`` of both, 429."""

    def __init__(self, configuration: Configuration) -> None:
        concurrent = configuration.integer(f"{_ROOT}.maxConcurrentRequests", -1, low=-1)
        self._outstanding = configuration.integer(f"{_ROOT}.maxOutstandingRequests", -1, low=-1)
        self._turns = asyncio.Semaphore(concurrent) if concurrent > 0 else None
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
