"""Shared access signature tokens: ``SharedAccessSignature sr=…&sig=…&se=…&skn=…``.

The signature is base64(HMAC-SHA256(key, sr + newline + se)), with ``sr`` URL-encoded as in the token.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus, urlsplit

from devstack.eventhubs.security.policies import Policy

PREFIX = "SharedAccessSignature "
SCHEMES = frozenset({"sb", "amqp", "amqps", "http", "https"})


class Refused(Exception):
    """The token gives nothing (status 401); the text says why."""


class WrongSignature(Refused):
    """The token was not signed with a key of the policy that it names."""


@dataclass(frozen=True)
class Claim:
    """``rights`` on ``path`` (lower case) and everything below it until ``expiry`` (seconds since 1970)."""

    path: str
    rights: frozenset[str]
    expiry: float

    def gives(self, path: str, right: str, now: float) -> bool:
        """Whether the claim allows ``right`` on ``path`` at this moment."""
        return right in self.rights and now < self.expiry and below(path.lower(), self.path)


def below(path: str, above: str) -> bool:
    """Whether ``path`` is ``above`` or under it, by whole segments; everything is under the empty path."""
    return not above or path == above or path.startswith(above + "/")


def resource(uri: str, hosts: frozenset[str]) -> str:
    """The path of an audience in lower case; Refused when it is not one of this namespace.

    The audiences of Microsoft's REST examples are a host and a path without a scheme.
    """
    text = uri.strip()
    try:
        parts = urlsplit(text if "://" in text else f"sb://{text}")
        port = parts.port
    except ValueError as fault:
        raise Refused(f"{uri!r} is no audience: {fault}") from fault
    host = parts.netloc.lower().removesuffix(f":{port}") if port is not None else parts.netloc.lower()
    if parts.scheme.lower() not in SCHEMES or host not in hosts:
        raise Refused(f"the audience {uri!r} is not this namespace: its host must be one of {sorted(hosts)}")
    return unquote(parts.path).strip("/").lower()


def sign(uri: str, policy: str, key: str, expiry: int) -> str:
    """A token for ``uri`` that holds until ``expiry`` (seconds since 1970)."""
    from urllib.parse import quote_plus

    scope = quote_plus(uri)
    return (
        f"{PREFIX}sr={scope}&sig={quote_plus(_signature(scope, str(expiry), key))}&se={expiry}&skn={policy}"
    )


def _signature(scope: str, expiry: str, key: str) -> str:
    digest = hmac.new(key.encode(), f"{scope}\n{expiry}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def verify(token: str, policies: Iterable[Policy], hosts: frozenset[str], now: float) -> Claim:
    """What a token gives; Refused for a wrong form, audience, policy, signature or an expiry in the past."""
    if not token.startswith(PREFIX):
        raise Refused("the token is no shared access signature, the only kind this server knows")
    parts = dict(part.partition("=")[::2] for part in token.removeprefix(PREFIX).split("&"))
    if not {"sr", "sig", "se", "skn"} <= parts.keys():
        raise Refused("the token lacks one of sr, sig, se and skn")
    path = resource(unquote_plus(parts["sr"]), hosts)
    name = unquote_plus(parts["skn"])
    policy = _policy(name, path, policies)
    expected = _signature(parts["sr"], parts["se"], policy.key)
    if not hmac.compare_digest(expected.encode(), unquote(parts["sig"]).encode()):
        raise WrongSignature(f"the signature of the token is wrong for policy {name!r}: check the key")
    if not parts["se"].isascii() or not parts["se"].isdecimal():
        raise Refused("the expiry (se) of the token is not a number of seconds")
    if int(parts["se"]) <= now:
        raise Refused(f"the token expired {now - int(parts['se']):.0f} s ago")
    return Claim(path, policy.rights, int(parts["se"]))


def _policy(name: str, path: str, policies: Iterable[Policy]) -> Policy:
    fitting = [p for p in policies if p.name == name and below(path, p.entity)]
    if not fitting:
        raise Refused(f"no policy {name!r} covers {path or 'the namespace'!r}")
    return max(fitting, key=lambda p: len(p.entity))
