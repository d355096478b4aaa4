"""``vendctl device``: what a new or replaced board needs to send: a publisher token and its epoch.

The token opens ``{hub}/publishers/{deviceId}`` for sending and nothing else, and the hub stamps every event
with that name. It is signed here, with the key of the hub's policy ``devices`` from the setting ``DEVICES``
(a connection string). The epoch is the one after the highest that the machine's events ever had.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlsplit

from vendctl.environment import load
from vending import wiring
from vending.domain import conditions
from vending.domain.events import Identifier
from vending.errors import VendstreamError

NAME = re.compile(Identifier)
"""Of devices and machines: exactly the names that ingest takes."""


def parts(connection: str, hub: str) -> tuple[str, str, str]:
    """Host, policy and key of the setting. Raises ValueError."""
    found = dict(part.partition("=")[::2] for part in connection.split(";") if part)
    host = urlsplit(found.get("Endpoint", "")).netloc
    policy, key = found.get("SharedAccessKeyName", ""), found.get("SharedAccessKey", "")
    if not (host and policy and key):
        raise ValueError("DEVICES is no connection string: Endpoint, SharedAccessKeyName, SharedAccessKey")
    if found.get("EntityPath", hub) != hub:
        raise ValueError(f"DEVICES is of the hub {found['EntityPath']!r}, TELEMETRY_HUB says {hub!r}")
    return host, policy, key


def sign(resource: str, policy: str, key: str, expires: datetime) -> str:
    """A shared access signature (learn.microsoft.com/rest/api/eventhub/generate-sas-token)."""
    where, until = quote_plus(resource), int(expires.timestamp())
    digest = hmac.digest(key.encode(), f"{where}\n{until}".encode(), hashlib.sha256)
    signature = quote_plus(base64.b64encode(digest))
    return f"SharedAccessSignature sr={where}&sig={signature}&se={until}&skn={policy}"


def credentials(environment: Mapping[str, str], hub: str, device: str, expires: datetime) -> dict[str, str]:
    """Where the device sends and with what. Raises ValueError."""
    host, policy, key = parts(environment.get("DEVICES", ""), hub)
    target = f"{hub}/publishers/{device}"
    return {
        "deviceId": device,
        "host": host,
        "target": target,
        "url": f"https://{host}/{target}/messages",
        "token": sign(f"sb://{host}/{target}", policy, key, expires),
        "expires": expires.isoformat(timespec="seconds"),
    }


def next_epoch(stock: Mapping[str, Any] | None, entry: conditions.Entry) -> int:
    """One more than the highest that a machine's ledger or registers hold."""
    books = [int(book.rpartition("/")[2]) for book in (stock or {}).get("applied", ())]
    return 1 + max([*books, *(register[0] for register in entry.values())], default=0)


async def run(asked: argparse.Namespace, now: datetime) -> dict[str, Any]:
    """The credentials, and the epoch as the deployment's documents tell it."""
    try:
        expires = now + timedelta(days=asked.days)
        found = credentials(os.environ, wiring.settings().telemetry_hub, asked.device, expires)
        stored = await wiring.machines().read(asked.machine, "stock")
        documents = [one.body async for one in wiring.conditions().select(None, ("type", "=", "conditions"))]
        entry = conditions.merged(documents).get(asked.machine, {})
        epoch = next_epoch(stored.body if stored else None, entry)
        return found | {"machineId": asked.machine, "deviceepoch": epoch}
    finally:
        await wiring.close()


def main(argv: list[str]) -> int:
    """The command: one JSON object with a secret in it; 1 when it cannot be made."""
    parser = argparse.ArgumentParser(prog="vendctl device", description=__doc__)
    parser.add_argument("device", help="the board's name: in events, source is /devices/{device}")
    parser.add_argument("--machine", required=True, help="the machine that it is built into")
    parser.add_argument("--days", type=int, default=365, help="how long the token holds; default 365")
    parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    asked = parser.parse_args(argv)
    if asked.days < 1 or not all(NAME.fullmatch(name) for name in (asked.device, asked.machine)):
        parser.error("--days is at least 1; names are up to 64 of A-Z a-z 0-9 . _ -, a letter or digit first")
    os.environ.update(load(asked.settings, os.environ))
    try:
        print(json.dumps(asyncio.run(run(asked, datetime.now(UTC))), indent=2))
    except (ValueError, VendstreamError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0
