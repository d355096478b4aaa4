"""The publisher that a device's credential opens, by the contract's words: device, machine, highest epoch;
and the token that proves it."""

import base64
import hashlib
import hmac
import re
from urllib.parse import quote_plus


def publisher(device: str, machine: str, epoch: int) -> str:
    """``1_.device_.machine_.epoch``; a capital is ``_`` and the small letter, ``_`` is ``__``."""
    return "_.".join(["1", _marked(device), _marked(machine), str(epoch)])


def token(connection: str, hub: str, name: str, until: int) -> str:
    """A shared access signature for that publisher, until then (seconds since 1970), by the key of a
    connection string. Raises ValueError where that has none."""
    found = re.search(
        r"sb://([^;/]+).*;SharedAccessKeyName=([^;]+);SharedAccessKey=([^;]+)", f"{connection};"
    )
    if found is None:
        raise ValueError("the connection string has no key to sign tokens of devices with")
    host, policy, key = found.groups()
    where = quote_plus(f"sb://{host}/{hub}/publishers/{name}")
    digest = hmac.digest(key.encode(), f"{where}\n{until}".encode(), hashlib.sha256)
    signature = quote_plus(base64.b64encode(digest))
    return f"SharedAccessSignature sr={where}&sig={signature}&se={until}&skn={quote_plus(policy)}"


def of_fleet(key: str, prefix: str) -> bool:
    """Whether a partition key is that of a device whose id begins so: its id, or its publisher."""
    return key.startswith((prefix, f"1_.{_marked(prefix)}"))


def _marked(name: str) -> str:
    return "".join(f"_{x.lower()}" if x.isupper() or x == "_" else x for x in name)
