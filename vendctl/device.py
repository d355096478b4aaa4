"""What a new or replaced board needs to send: a publisher token and its epoch.

The token opens ``{hub}/publishers/{deviceId}`` for sending and nothing else, and the hub stamps every event
with that name. It is signed here, with the key of the hub's policy ``devices`` from the setting ``DEVICES``
(a connection string). The epoch is the one after the highest that the machine's events ever had.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlsplit

from vending import wiring
from vending.domain import conditions
from vending.domain.events import Identifier

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


async def issue(
    environment: Mapping[str, str], device: str, machine: str, expires: datetime
) -> dict[str, Any]:
    """The credentials, and the epoch as the deployment's documents tell it. Raises ValueError."""
    found = credentials(environment, wiring.settings().telemetry_hub, device, expires)
    stored = await wiring.machines().read(machine, "stock")
    documents = [one.body async for one in wiring.conditions().select(None, ("type", "=", "conditions"))]
    entry = conditions.merged(documents).get(machine, {})
    epoch = next_epoch(stored.body if stored else None, entry)
    return found | {"machineId": machine, "deviceepoch": epoch}
