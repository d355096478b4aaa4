"""Signatures: the standard's own numbers, and the receiver of docs/alerts.md as it stands there."""

import base64
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vending.notifications import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DOCUMENT = Path(__file__).parents[3] / "docs" / "alerts.md"
BODY = '{"idempotencyKey":"m1/silent/machine/1/opened","text":"☕"}'.encode()
NAME = "m1/silent/machine/1/opened"


def test_the_signature_is_the_standards() -> None:
    """The example by which libraries of Standard Webhooks test themselves (standardwebhooks 1.1.0 agrees)."""
    name = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    found = signing.headers(signing.key_of(SECRET), name, 1_614_265_330, b'{"test": 2432232314}')
    assert found == {
        "webhook-id": name,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.fixture(scope="module")
def verified() -> Callable[..., bool]:
    """What the document gives a receiver, run as it is."""
    [code] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(code.strip().splitlines()) <= 12
    names: dict[str, Any] = {}
    exec(code, names)
    found: Callable[..., bool] = names["verified"]
    return found


def signed(age: int = 0) -> dict[str, str]:
    return signing.headers(signing.key_of(SECRET), NAME, int(time.time()) - age, BODY)


def test_the_documents_receiver_takes_what_is_signed(verified: Callable[..., bool]) -> None:
    assert verified(signed(), BODY, SECRET)
    rotated = signed() | {"webhook-signature": "v1,AAAA " + signed()["webhook-signature"]}
    assert verified(rotated, BODY, SECRET)


@pytest.mark.parametrize(
    ("age", "changed", "body"),
    [
        (0, {}, BODY.replace(b"m1", b"m2")),
        (0, {"webhook-id": "m1/silent/machine/2/opened"}, BODY),
        (0, {"webhook-timestamp": "now"}, BODY),
        (0, {"webhook-signature": "v1,"}, BODY),
        (301, {}, BODY),
        (-400, {}, BODY),
    ],
    ids=["body", "key", "no time", "no signature", "replay", "future"],
)
def test_the_documents_receiver_refuses_what_is_not(
    verified: Callable[..., bool], age: int, changed: dict[str, str], body: bytes
) -> None:
    assert not verified(signed(age) | changed, body, SECRET)


def test_the_time_is_signed_too(verified: Callable[..., bool]) -> None:
    """Else a replay would only need a new time."""
    assert not verified(signed(age=200) | {"webhook-timestamp": str(int(time.time()))}, BODY, SECRET)


def test_another_secret_signs_otherwise(verified: Callable[..., bool]) -> None:
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert not verified(signed(), BODY, other)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_short", "whsec_%%%%" + "A" * 40, "A" * 44, "whsec_" + "A" * 128, "whsec_é"],
)
def test_what_is_no_secret_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(ValueError, match="base64 of 24 to 64") as caught:
        signing.key_of(secret)
    assert len(secret) < 8 or secret not in str(caught.value)


@pytest.mark.parametrize(("length", "taken"), [(23, False), (24, True), (64, True), (65, False)])
def test_a_secret_has_24_to_64_bytes(length: int, taken: bool) -> None:
    secret = "whsec_" + base64.b64encode(b"x" * length).decode()
    if taken:
        assert signing.key_of(secret) == b"x" * length
    else:
        with pytest.raises(ValueError, match="base64 of 24 to 64"):
            signing.key_of(secret)
