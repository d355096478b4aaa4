"""Keys of HTTP functions, for ``--enable-auth``: a master key, a host key and one for each function.

Source: azure-functions-host AuthenticationLevelHandler: header ``x-functions-key`` first, else ``?code=`` in
any letter case. The platform keeps keys in the storage account; here they live in
``azure-webjobs-secrets/{hostId}/host.json`` (plain text).
"""

import contextlib
import hmac
import json
import secrets
from dataclasses import dataclass

from aiohttp import web

from devstack.functions.storage import Storage

CONTAINER = "azure-webjobs-secrets"


@dataclass(frozen=True)
class Keys:
    """The keys of one host id."""

    master: str
    default: str
    functions: dict[str, str]

    def allow(self, request: web.Request, level: str, function: str) -> bool:
        """Whether the request's key suffices: function level takes function, host or master; admin only
        master.
        """
        if level == "anonymous":
            return True
        accepted = [self.master]
        if level == "function":
            accepted += [self.default, self.functions[function]]
        return _among(request, accepted)

    def known(self, request: web.Request) -> bool:
        """Whether the request's key is one of this host's, of any level."""
        return _among(request, [self.master, self.default, *self.functions.values()])


def _among(request: web.Request, accepted: list[str]) -> bool:
    given = request.headers.get("x-functions-key") or next(
        (value for name, value in request.query.items() if name.lower() == "code"), ""
    )
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in accepted)


async def load(storage: Storage, host_id: str, functions: list[str]) -> Keys:
    """Read the keys, making those that are missing."""
    from azure.core.exceptions import ResourceExistsError

    blob = (await storage.container(CONTAINER)).get_blob_client(f"{host_id}/host.json")
    with contextlib.suppress(ResourceExistsError):
        await blob.upload_blob(json.dumps({"master": _new(), "default": _new(), "functions": {}}).encode())
    found = json.loads(await (await blob.download_blob()).readall())
    missing = [name for name in functions if name not in found["functions"]]
    if missing:
        found["functions"] |= {name: _new() for name in missing}
        await blob.upload_blob(json.dumps(found).encode(), overwrite=True)
    return Keys(found["master"], found["default"], found["functions"])


def _new() -> str:
    return secrets.token_urlsafe(40)
