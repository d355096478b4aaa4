"""Shared access signatures for publishers: what a board signs in with, made of a policy's key."""

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote_plus

from vending.access.policy_keys import parts
from vending.events.publishers import Publisher, build


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
