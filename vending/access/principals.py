"""Who App Service Authentication says is asking: the header ``X-MS-CLIENT-PRINCIPAL``.

Base64 of JSON: ``auth_typ`` (the provider), ``claims`` of ``typ`` and ``val``, and which types of claim hold
the name and the roles. Where its authentication is on, the platform takes such a header away from whoever
sends one from outside (learn.microsoft.com/azure/app-service/configure-authentication-user-identities): it
is believed there and nowhere else.
"""

import base64
import binascii
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from vending.access.roles import Caller, with_included

HEADER = "x-ms-client-principal"
SWITCH = "WEBSITE_AUTH_ENABLED"
"""Set by the platform, to True, while its authentication is on; no setting of ours."""
LONGEST = 32_768
"""Characters of the header: what the host takes of all of them together."""
LONGEST_NAME = 128
ENTRA = "aad"
"""The one provider whose roles count: with another one, people might choose their claims themselves."""
NAMES = ("preferred_username", "upn", "email", "name")
"""Types of claims that name a person, where the one that ``name_typ`` says is not there."""
APPS = ("azp", "appid", "oid", "http://schemas.microsoft.com/identity/claims/objectidentifier")
"""Types that name an app which signed in for itself, by version of its token."""
ROLES = "roles"
"""The type as it stands in a token; ``role_typ`` says another where the platform maps it."""


class Claim(Struct):
    """One statement of the provider."""

    typ: str
    val: str


class Principal(Struct):
    """What the header holds."""

    auth_typ: str
    claims: list[Claim] = []
    name_typ: str | None = None
    role_typ: str | None = None


def platform_signs_in(environment: Mapping[str, str]) -> bool:
    """Whether App Service Authentication is on, so that the header comes from it alone."""
    return environment.get(SWITCH, "").strip().lower() in ("true", "1")


def principal(header: str) -> Caller | None:
    """Who asks; None where the header is none, is malformed, or comes from a provider that gives no roles."""
    if not header or len(header) > LONGEST:
        return None
    try:
        found = msgspec.json.decode(base64.b64decode(header, validate=True), type=Principal)
    except (binascii.Error, ValueError, RecursionError, msgspec.MsgspecError):
        return None
    if found.auth_typ != ENTRA:
        return None
    kinds = {ROLES, found.role_typ}
    roles = with_included(claim.val for claim in found.claims if claim.typ in kinds)
    name = _name(found)
    return Caller(name, roles) if name else None


def _name(found: Principal) -> str:
    """A person's name, or the id of an app; empty where neither is there."""
    values: dict[str, str] = {}
    for claim in found.claims:
        values.setdefault(claim.typ, _printable(claim.val))
    for kind in (found.name_typ or "", *NAMES):
        if said := values.get(kind):
            return said
    return next((f"app {values[kind]}" for kind in APPS if values.get(kind)), "")


def _printable(text: str) -> str:
    """On one line and bounded: it goes into logs and audit records."""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:LONGEST_NAME]
