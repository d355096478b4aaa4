"""Somebody else's HTTP endpoint, posted to with an idempotency key and, where there is a secret, a signature.

Its address often is a password too: no text of a fault holds it, nor does the traceback.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from vending.adapters.faults import retry_after
from vending.errors import Refused, Rejected, Transient
from vending.notifications import signing
from vending.notifications.shapes import standard

Message = dict[str, Any]
PATIENCE = aiohttp.ClientTimeout(total=10, connect=3)
"""Seconds for one delivery: a queue message waits for it."""
ASK_AGAIN = frozenset({408, 425, 429})
FINAL = frozenset({400, 410, 413, 422})
"""About this very message, or for ever. Any other no may be somebody's deployment or mistake."""
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class HttpWebhook:
    """The port Webhook on one address; ``written`` makes of a message what is posted.

    Redirects are not followed: they would turn the POST into a GET, and lead elsewhere than where an operator
    said. Of an answer only the head is read.
    """

    def __init__(
        self,
        url: str,
        key: bytes | None = None,
        written: Callable[[Message], Message] = standard,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = url
        self._key = key
        self._written = written
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def post(self, message: dict[str, Any], idempotency_key: str) -> None:
        """Deliver, or raise Transient (try again), Refused (for a day) or Rejected (never again)."""
        status, wait = await self._answer(msgspec.json.encode(self._written(message)), idempotency_key)
        if status in ASK_AGAIN or status >= 500:
            raise Transient(f"webhook: status {status}", wait)
        if status in FINAL:
            raise Rejected("webhook", f"status {status}: what listens there takes no such message")
        if status >= 300:
            raise Refused(f"webhook: status {status}: check NOTIFY_WEBHOOK_URL and what listens there", wait)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _answer(self, body: bytes, idempotency_key: str) -> tuple[int, float | None]:
        """Status, and the seconds that the receiver asks for."""
        try:
            async with self._opened().post(
                self.url, data=body, headers=self._headers(body, idempotency_key), allow_redirects=False
            ) as answer:
                return answer.status, retry_after(dict(answer.headers))
        except (aiohttp.ClientError, OSError) as fault:
            why = _why(fault)
        # Raised out here, so that no traceback shows the fault, which may hold the address.
        raise Transient(f"webhook: {why}")

    def _headers(self, body: bytes, idempotency_key: str) -> dict[str, str]:
        name = quote(idempotency_key, safe=_PRINTABLE)
        signed = signing.headers(self._key, name, int(self._clock()), body) if self._key else {}
        return {"Content-Type": "application/json", "Idempotency-Key": name} | signed

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=PATIENCE, loop=asyncio.get_running_loop(), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def _why(fault: Exception) -> str:
    """The kind of failure, with the operating system's word where it has one: never the address."""
    inner = getattr(fault, "os_error", fault)
    said = inner.strerror if isinstance(inner, OSError) and inner.errno and inner.strerror else ""
    return f"{type(fault).__name__}{said and ': '}{said}"
