"""Somebody else's HTTP endpoint, posted to with an idempotency key."""

import asyncio
from typing import Any

import aiohttp
import msgspec

from vending.adapters.faults import retry_after
from vending.errors import Rejected, Transient

PATIENCE = aiohttp.ClientTimeout(total=10, connect=3)
"""Seconds for one delivery: a queue message waits for it."""
ASK_AGAIN = frozenset({408, 425, 429})


class HttpWebhook:
    """The port Webhook on one address. A redirect is refused: it would turn the POST into a GET."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session: aiohttp.ClientSession | None = None

    async def post(self, message: dict[str, Any], idempotency_key: str) -> None:
        """Deliver, or raise Transient (try again) or Rejected (it will never be taken)."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key}
        body = msgspec.json.encode(message)
        try:
            async with self._opened().post(
                self.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status, wait = answer.status, retry_after(dict(answer.headers))
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as fault:
            raise Transient(f"webhook: {type(fault).__name__}: {fault}") from fault
        if status in ASK_AGAIN or status >= 500:
            raise Transient(f"webhook: status {status}", wait)
        if status >= 300:
            raise Rejected("webhook", f"status {status}: check NOTIFY_WEBHOOK_URL and what listens there")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=PATIENCE, loop=asyncio.get_running_loop())
        return self._session
