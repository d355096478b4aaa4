"""Event Hubs' list of revoked publishers, by REST (learn.microsoft.com/rest/api/eventhub/revoke-publisher).

It is asked with the connection ``EVENTHUB``: a connection string whose policy manages the hub, or an
identity. Microsoft documents both kinds of token, and not which role an identity needs.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from xml.sax.saxutils import escape

import aiohttp

from vendctl.credentials import sign
from vending.access.policy_keys import parts
from vending.adapters.clients import address, credential
from vending.errors import Transient

API_VERSION = "2014-05"
PATIENCE = aiohttp.ClientTimeout(total=60, connect=5)
SCOPE = "https://eventhubs.azure.net/.default"
DONE, ALREADY = 201, 409
ENTRY = "application/atom+xml;type=entry;charset=utf-8"
BODY = (
    '<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml"><RevokedPublisherDescription '
    'xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"><Name>{}</Name>'
    "</RevokedPublisherDescription></content></entry>"
)


class RevokedPublishers:
    """The list of one hub."""

    def __init__(self, environment: Mapping[str, str], hub: str) -> None:
        self._environment = environment
        self._hub = hub

    async def add(self, publisher: str) -> None:
        """Shut a publisher out; nothing happens where it is. Raises ValueError (not allowed), Transient."""
        base, authorization = await self._access()
        url = f"{base}/{self._hub}/revokedpublishers/{quote(publisher, safe='')}"
        try:
            async with (
                aiohttp.ClientSession(timeout=PATIENCE) as session,
                session.put(
                    url,
                    params={"timeout": "60", "api-version": API_VERSION},
                    data=BODY.format(escape(publisher)).encode(),
                    headers={"Authorization": authorization, "Content-Type": ENTRY},
                ) as answer,
            ):
                status, text = answer.status, (await answer.text())[:500]
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise Transient(f"Event Hubs did not revoke {publisher}: {fault!r}") from fault
        if status in (DONE, ALREADY):
            return
        said = f"Event Hubs did not revoke {publisher}: {status} {text}"
        if status in (401, 403):
            said += " (EVENTHUB must be allowed to manage the hub, see docs/deploy.md)"
        raise Transient(said) if status == 429 or status >= 500 else ValueError(said)

    async def _access(self) -> tuple[str, str]:
        """The address and the header Authorization."""
        if text := self._environment.get("EVENTHUB"):
            host, policy, key = parts(text, self._hub, "EVENTHUB")
            expires = datetime.now(UTC) + timedelta(minutes=5)
            local = "UseDevelopmentEmulator=true" in text
            if local and ":" not in host:
                host += ":5672"
            scheme = "http" if local else "https"
            return f"{scheme}://{host}", sign(f"sb://{host}/{self._hub}", policy, key, expires)
        host = address(self._environment, "EVENTHUB", "fullyQualifiedNamespace")
        async with credential(self._environment, "EVENTHUB") as identity:
            token = await identity.get_token(SCOPE)
        return f"https://{host}", f"Bearer {token.token}"
