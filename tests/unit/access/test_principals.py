"""The platform's principal header: what it says, and that nothing in it raises."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vending.access.principals import LONGEST, LONGEST_NAME, platform_signs_in, principal
from vending.access.roles import Caller, Role

SCHEMAS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MAPPED_ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"


def header(**parts: Any) -> str:
    return base64.b64encode(json.dumps({"auth_typ": "aad", "claims": []} | parts).encode()).decode()


def claims(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"typ": kind, "val": value} for kind, value in pairs]


ADA = claims(("aud", "app"), (f"{SCHEMAS}/emailaddress", "ada@vend.example"), ("name", "Ada L."))


@pytest.mark.parametrize(
    ("role_typ", "kind"), [(MAPPED_ROLE, MAPPED_ROLE), (MAPPED_ROLE, "roles"), ("roles", "roles")]
)
def test_a_person_with_a_role_whichever_way_the_platform_names_the_claim(role_typ: str, kind: str) -> None:
    said = ADA + claims((kind, "Fleet.Operate"), (kind, "Other.Admin"))
    found = principal(header(claims=said, name_typ=f"{SCHEMAS}/emailaddress", role_typ=role_typ))
    assert found == Caller("ada@vend.example", frozenset({Role.READ, Role.OPERATE}))


def test_a_role_is_one_only_where_it_stands_in_a_claim_of_roles() -> None:
    said = ADA + claims(("groups", "Fleet.Admin"), ("name", "Fleet.Admin"), ("scp", "Fleet.Admin"))
    found = principal(header(claims=said, role_typ=MAPPED_ROLE))
    assert found is not None
    assert found.roles == frozenset()


@pytest.mark.parametrize("provider", ["github", "google", "openid", "", "AAD2"])
def test_roles_of_another_provider_are_nobody_s(provider: str) -> None:
    said = ADA + claims(("roles", "Fleet.Admin"))
    assert principal(header(auth_typ=provider, claims=said, role_typ="roles")) is None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (claims(("preferred_username", "ben@vend.example"), ("name", "Ben")), "ben@vend.example"),
        (claims(("name", "Ben"), ("upn", "ben@vend.example")), "ben@vend.example"),
        (claims(("azp", "0f4c"), ("oid", "77")), "app 0f4c"),
        (claims(("appid", "0f4c")), "app 0f4c"),
        (claims(("oid", "77")), "app 77"),
        (claims(("name", "A\r\nlevel=ERROR\x1b[0m forged")), "Alevel=ERROR[0m forged"),
        (claims(("name", "x" * 1000)), "x" * LONGEST_NAME),
    ],
)
def test_how_the_audit_record_names_them(said: list[dict[str, str]], name: str) -> None:
    found = principal(header(claims=said))
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "e30",
        "e30=",
        "!!!!",
        "bm9uc2Vuc2U=",
        header(claims=[]),
        header(claims=claims(("name", "\n"))),
        header(claims=None),
        header(claims=[{"typ": "roles"}]),
        header(claims=[{"typ": "roles", "val": ["Fleet.Admin"]}]),
        base64.b64encode(b"[" * 20_000).decode(),
        base64.b64encode(b'{"auth_typ": "aad", "claims": ' + b'[{"a":' * 3000).decode(),
        base64.b64encode(b"\xff\xfe").decode(),
        header(claims=ADA, padding="x" * LONGEST),
        "ä" + header(claims=ADA),
        header(claims=ADA) + "\n",
    ],
)
def test_what_is_no_principal_is_nobody(text: str) -> None:
    assert principal(text) is None


@given(st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
def test_no_header_raises(text: str) -> None:
    assert principal(text) is None or isinstance(principal(text), Caller)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=8) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    )
)
def test_no_json_in_it_raises(value: Any) -> None:
    assert principal(header(claims=value)) is None or isinstance(value, list)


@pytest.mark.parametrize(
    ("said", "so"), [("True", True), ("true", True), ("1", True), ("False", False), ("", False), ("0", False)]
)
def test_the_platform_says_whether_it_signs_people_in(said: str, so: bool) -> None:
    assert platform_signs_in({"WEBSITE_AUTH_ENABLED": said}) is so
    assert platform_signs_in({}) is False
