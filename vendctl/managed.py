"""Which functions a deployed app has, as Azure Resource Manager lists them: no key of the app opens that.

Web Apps - List Functions (learn.microsoft.com/rest/api/appservice/web-apps/list-functions), asked with
whatever DefaultAzureCredential finds. It takes ``Microsoft.Web/sites/functions/read``: Reader of the app.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from vendctl import json_answers

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

MANAGEMENT = "https://management.azure.com"
VERSION = "2025-03-01"
APP = re.compile(
    r"/subscriptions/[^/?#]+/resourceGroups/[^/?#]+/providers/Microsoft\.Web/sites/[^/?#]+", re.IGNORECASE
)


@dataclass(frozen=True)
class ManagedApp:
    """A function app, by its resource id."""

    session: aiohttp.ClientSession
    credential: "AsyncTokenCredential"
    id: str
    management: str = MANAGEMENT

    async def functions(self) -> tuple[str, list[dict[str, Any]] | None]:
        """What was asked and answered, and the functions as ``{"name", "isDisabled"}``; None: no list."""
        url: str | None = f"{self.management}{self.id}/functions?api-version={VERSION}"
        found: list[dict[str, Any]] = []
        while url is not None:
            status, page = await self._get(url)
            if status != 200 or not isinstance(page, dict):
                return f"GET {self.id}/functions: {status or 'no answer'}", None
            found += [_function(one) for one in page["value"]]
            url = page.get("nextLink") or None
            if url is not None and not url.startswith(f"{self.management}/"):
                return f"GET {self.id}/functions: goes on at another address", None
        return f"GET {self.id}/functions: 200", found

    async def _get(self, url: str) -> tuple[int, Any]:
        """Status (0: nobody answers) and JSON. Raises ClientAuthenticationError where nobody is signed in."""
        token = await self.credential.get_token(f"{MANAGEMENT}/.default")
        headers = {"Authorization": f"Bearer {token.token}"}
        return await json_answers.get(self.session, url, headers, redirected=False)


def _function(one: dict[str, Any]) -> dict[str, Any]:
    """``name`` is ``app/function`` there."""
    return {
        "name": str(one["name"]).rpartition("/")[2],
        "isDisabled": bool(one.get("properties", {}).get("isDisabled")),
    }
