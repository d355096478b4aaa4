"""The token that a device sends with, shown to the API: whose it is, without asking anybody.

``SharedAccessSignature sr={sb://HOST/HUB/publishers/NAME}&sig=…&se={seconds since 1970}&skn={policy}``, each
value percent-encoded; the signature is base64 of HMAC-SHA256 by the policy's key over ``sr`` as it is
written, a line feed and ``se`` (learn.microsoft.com/rest/api/eventhub/generate-sas-token). A token for more
than one publisher, such as the hub, is nobody's here.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import unquote, unquote_plus, urlsplit

from vending.access.policy_keys import PolicyKey
from vending.events.publishers import Publisher, parse

SCHEME = "SharedAccessSignature"
LONGEST = 2048
"""Characters: those of ``vendctl device`` have about 400."""
SCHEMES = ("sb", "amqp", "amqps", "http", "https")
FIELDS = {"sr", "sig", "se", "skn"}


class Fault(StrEnum):
    """Why a token opens nothing."""

    FORM = "it is no shared access signature with sr, sig, se and skn"
    POLICY = "it was signed with another policy than the one that DEVICES names"
    RESOURCE = "it is not for one publisher of this hub"
    SIGNATURE = "its signature is wrong"
    EXPIRED = "it has expired"
    UNBOUND = "its publisher's name says no machine"


def verified(token: str, keys: Sequence[PolicyKey], now: float) -> Publisher | Fault:
    """Who a token was issued to, or why it opens nothing. ``now``: seconds since 1970."""
    fields = _fields(token)
    if fields is None:
        return Fault.FORM
    own = [key for key in keys if key.policy == unquote_plus(fields["skn"])]
    if not own:
        return Fault.POLICY
    name = next((name for key in own if (name := _publisher(fields["sr"], key))), None)
    if name is None:
        return Fault.RESOURCE
    if not _signed(fields, own):
        return Fault.SIGNATURE
    if int(fields["se"]) <= now:
        return Fault.EXPIRED
    return parse(name) or Fault.UNBOUND


def _fields(token: str) -> dict[str, str] | None:
    """The four fields as they are written; None unless each is there once, and nothing else."""
    scheme, _, rest = token.partition(" ")
    if scheme != SCHEME or len(token) > LONGEST or not token.isascii():
        return None
    pairs = [part.partition("=") for part in rest.split("&")]
    fields = {name: value for name, _, value in pairs}
    if len(pairs) != len(FIELDS) or fields.keys() != FIELDS:
        return None
    return fields if fields["se"].isdecimal() and len(fields["se"]) <= 12 else None


def _publisher(resource: str, key: PolicyKey) -> str | None:
    """The publisher that a resource names, if it is one of the key's hub. Ports and schemes do not count:
    boards write both forms."""
    text = unquote_plus(resource)
    try:
        where = urlsplit(text if "://" in text else f"sb://{text}")
        host = where.hostname
    except ValueError:
        return None
    path = where.path.strip("/").split("/")
    own = urlsplit(f"sb://{key.host}").hostname
    if where.scheme.lower() not in SCHEMES or host != own or len(path) != 3:
        return None
    hub, kind, name = path
    return name if (hub.lower(), kind.lower()) == (key.hub.lower(), "publishers") else None


def _signed(fields: dict[str, str], keys: Sequence[PolicyKey]) -> bool:
    """Whether one of the keys made the signature; compared in a time that tells nothing."""
    said, text = unquote(fields["sig"]).encode(), f"{fields['sr']}\n{fields['se']}".encode()
    made = [base64.b64encode(hmac.digest(key.key.encode(), text, hashlib.sha256)) for key in keys]
    return any(hmac.compare_digest(one, said) for one in made)
