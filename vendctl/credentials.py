"""Shared access signatures for publishers: what a board signs in with, made of a policy's key."""

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote_plus, urlsplit

from vending.events.publishers import Publisher, build


def parts(connection: str, hub: str, setting: str = "DEVICES") -> tuple[str, str, str]:
    """Host, policy and key of a connection string. Raises ValueError that names the setting."""
    found = dict(part.partition("=")[::2] for part in connection.split(";") if part)
    host = urlsplit(found.get("Endpoint", "")).netloc
    policy, key = found.get("SharedAccessKeyName", ""), found.get("SharedAccessKey", "")
    if not (host and policy and key):
        raise ValueError(f"{setting} is no connection string: Endpoint, SharedAccessKeyName, SharedAccessKey")
    if found.get("EntityPath", hub) != hub:
        raise ValueError(f"{setting} is of the hub {found['EntityPath']!r}, TELEMETRY_HUB says {hub!r}")
    return host, policy, key


def sign(resource: str, policy: str, key: str, expires: datetime) -> str:
    """A shared access signature (learn.microsoft.com/rest/api/eventhub/generate-sas-token)."""
    where, until = quote_plus(resource), int(expires.timestamp())
    digest = hmac.digest(key.encode(), f"{where}\n{until}".encode(), hashlib.sha256)
    signature = quote_plus(base64.b64encode(digest))
    return f"SharedAccessSignature sr={where}&sig={signature}&se={until}&skn={policy}"


def credentials(connection: str, hub: str, publisher: Publisher, expires: datetime) -> dict[str, str]:
    """Where a board sends and with what. ``connection``: the setting DEVICES. Raises ValueError."""
    host, policy, key = parts(connection, hub)
    target = f"{hub}/publishers/{build(publisher)}"
    return {
        "deviceId": publisher.device,
        "host": host,
        "target": target,
        "url": f"https://{host}/{target}/messages",
        "token": sign(f"sb://{host}/{target}", policy, key, expires),
        "expires": expires.isoformat(timespec="seconds"),
    }
