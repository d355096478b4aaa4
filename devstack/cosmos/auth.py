"""Master-key authentication: the signed string of the REST reference, checked on every request."""

import base64
import binascii
import hashlib
import hmac
from urllib.parse import parse_qs, unquote

from devstack.cosmos.errors import Refusal
from devstack.cosmos.rids import FORM

# The published key of Microsoft's own emulator: not a secret.
WELL_KNOWN_KEY = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="


def signature(key: bytes, verb: str, kind: str, link: str, date: str) -> str:
    """The base64 HMAC-SHA256 a client sends for one request; ``date`` is its x-ms-date header."""
    text = f"{verb.lower()}\n{kind.lower()}\n{link}\n{date.lower()}\n\n"
    return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()


def signed_resource(path: str) -> tuple[str, str]:
    """(resource type, resource link) that a client signs for a path: the feed's owner, or the resource."""
    parts = path.strip("/").split("/") if path.strip("/") else []
    if not parts:
        return "", ""
    if len(parts) % 2:
        return parts[-1], "/".join(parts[:-1])
    return parts[-2], "/".join(parts)


def signed_links(kind: str, link: str) -> list[str]:
    """The links that a client may sign for a resource link of :func:`signed_resource`.

    A resource that is named by its resource id is signed with that alone, in lower case
    (``AuthorizationHelper.SerializeMessagePayload`` of the .NET client); offers have no other name.
    """
    last = unquote(link.rpartition("/")[2])
    if kind == "offers":
        return [last.lower()]
    return [unquote(link), link, *([last.lower()] if FORM.fullmatch(last) else [])]


class MasterKey:
    """Checks the Authorization header against the account's one key."""

    def __init__(self, key: str = WELL_KNOWN_KEY) -> None:
        try:
            self._key = base64.b64decode(key, validate=True)
        except binascii.Error as error:
            raise ValueError(f"the account key is not base64: {error}") from None

    def check(self, verb: str, path: str, authorization: str, date: str) -> None:
        """Raise 401 unless the header signs this request; ``path`` is the URL's, still percent-encoded."""
        fields = parse_qs(unquote(authorization).replace("+", "%2B"), keep_blank_values=True)
        if fields.get("type") != ["master"] or fields.get("ver") != ["1.0"]:
            raise Refusal(401, "Only master-key authorization (type=master&ver=1.0) is supported here.")
        sent = fields.get("sig", [""])[0]
        kind, link = signed_resource(path)
        links = signed_links(kind, link)
        if not any(hmac.compare_digest(sent, signature(self._key, verb, kind, one, date)) for one in links):
            raise Refusal(
                401,
                "The input authorization token can't serve the request. The wrong key is being used or the "
                "expected payload is not built as per the protocol "
                f"(verb {verb}, type {kind!r}, link {link!r}).",
            )
