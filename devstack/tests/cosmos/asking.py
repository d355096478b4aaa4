"""Requests to an account within the test's own process."""

import base64
from typing import Any

import orjson

from devstack.cosmos.account import Account
from devstack.cosmos.auth import WELL_KNOWN_KEY, signature, signed_resource
from devstack.cosmos.wire import Call, Reply

DATE = "mon, 23 nov 2026 12:00:00 gmt"
KEY = base64.b64decode(WELL_KNOWN_KEY)


def ask(account: Account, verb: str, path: str, body: Any = None, **headers: str) -> Reply:
    """One signed request; underscores in header names become dashes."""
    kind, link = signed_resource(path)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent["x-ms-date"] = DATE
    sent["authorization"] = f"type=master&ver=1.0&sig={signature(KEY, verb, kind, link, DATE)}"
    data = b"" if body is None else orjson.dumps(body)
    return account.handle(Call(verb, path, path.strip("/").split("/"), sent, data, 1_795_000_000.0))
