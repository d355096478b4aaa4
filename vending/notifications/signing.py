"""Signatures of what is posted, as Standard Webhooks writes them: there are libraries for receivers.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. The secret is ``whsec_``
and base64 of 24 to 64 random bytes; what is signed is ``{id}.{timestamp}.{body}``, by HMAC-SHA256.
"""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The bytes of a secret. Raises ValueError, whose text does not hold it."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(f"is no secret: write {PREFIX} and base64 of 24 to 64 random bytes")
    return key


def headers(key: bytes, name: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers of a message: its id, when it is posted (seconds since 1970), and the signature."""
    signed = f"{name}.{at}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}
