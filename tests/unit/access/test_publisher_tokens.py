"""Tokens of devices: what ``vendctl device`` and Microsoft's own client make opens, and nothing else does."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

import pytest
from azure.eventhub._pyamqp.utils import generate_sas_token
from hypothesis import given
from hypothesis import strategies as st

from vendctl.credentials import credentials, sign
from vending.access.policy_keys import PolicyKey, policy_keys
from vending.access.publisher_tokens import LONGEST, Fault, verified
from vending.events.publishers import MAX_EPOCH, Publisher, build

HOST, HUB, KEY, OTHER_KEY = "x.servicebus.windows.net", "telemetry", "k+/=", "other+/="
CONNECTION = f"Endpoint=sb://{HOST}/;SharedAccessKeyName=devices;SharedAccessKey={KEY};EntityPath={HUB}"
KEYS = policy_keys(CONNECTION, HUB)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
AT, LATER = NOW.timestamp(), NOW + timedelta(days=30)
DEVICE = Publisher("dev-17", "vm-17", 3)
GOOD = str(credentials(CONNECTION, HUB, DEVICE, LATER)["token"])
NAMES = st.text(alphabet="abcXYZ019._-", min_size=1, max_size=20)


@given(NAMES, NAMES, st.integers(0, MAX_EPOCH))
def test_what_vendctl_issues_says_who_it_was_issued_to(device: str, machine: str, epoch: int) -> None:
    publisher = Publisher(device, machine, epoch)
    token = str(credentials(CONNECTION, HUB, publisher, LATER)["token"])
    assert verified(token, KEYS, AT) == publisher


@given(NAMES, NAMES)
def test_what_microsoft_s_client_makes_opens_too(device: str, machine: str) -> None:
    publisher = Publisher(device, machine, 1)
    audience = f"sb://{HOST}/{HUB}/publishers/{build(publisher)}"
    token = generate_sas_token(audience, "devices", KEY, int(LATER.timestamp()))  # type: ignore[no-untyped-call]
    assert verified(token, KEYS, AT) == publisher


@pytest.mark.parametrize(
    "audience",
    [
        f"{HOST}/{HUB}/publishers/{build(DEVICE)}",
        f"https://{HOST}/{HUB}/publishers/{build(DEVICE)}/",
        f"amqps://{HOST}:5671/{HUB}/publishers/{build(DEVICE)}",
        f"SB://{HOST.upper()}/{HUB.upper()}/Publishers/{build(DEVICE).upper()}",
    ],
)
def test_the_forms_that_boards_write_are_one(audience: str) -> None:
    assert verified(sign(audience, "devices", KEY, LATER), KEYS, AT) == DEVICE


def test_a_signature_that_net_wrote_in_small_letters_holds() -> None:
    """It escapes with small hexadecimal digits, and signs what it wrote."""
    import base64
    import hashlib
    import hmac

    where = (
        quote_plus(f"sb://{HOST}/{HUB}/publishers/{build(DEVICE)}")
        .replace("%3A", "%3a")
        .replace("%2F", "%2f")
    )
    until = int(LATER.timestamp())
    made = base64.b64encode(hmac.digest(KEY.encode(), f"{where}\n{until}".encode(), hashlib.sha256))
    token = f"SharedAccessSignature sr={where}&sig={quote_plus(made).lower()}&se={until}&skn=devices"
    assert verified(token, KEYS, AT) is Fault.SIGNATURE, "the signature itself has capitals"
    token = f"SharedAccessSignature sr={where}&sig={quote_plus(made)}&se={until}&skn=devices"
    assert verified(token, KEYS, AT) == DEVICE


def signed(resource: str, policy: str = "devices", key: str = KEY, expires: datetime = LATER) -> str:
    return sign(resource, policy, key, expires)


OWN = f"sb://{HOST}/{HUB}/publishers/{build(DEVICE)}"


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        (signed(OWN, expires=NOW), Fault.EXPIRED),
        (signed(OWN, expires=NOW - timedelta(days=400)), Fault.EXPIRED),
        (signed(OWN, key=OTHER_KEY), Fault.SIGNATURE),
        (signed(OWN, expires=NOW, key=OTHER_KEY), Fault.SIGNATURE),
        (signed(OWN, policy="RootManageSharedAccessKey"), Fault.POLICY),
        (signed(OWN, policy="Devices"), Fault.POLICY),
        (signed(f"sb://{HOST}/{HUB}"), Fault.RESOURCE),
        (signed(f"sb://{HOST}"), Fault.RESOURCE),
        (signed(f"sb://{HOST}/{HUB}/publishers"), Fault.RESOURCE),
        (signed(f"{OWN}/messages"), Fault.RESOURCE),
        (signed(OWN.replace(HOST, "y.servicebus.windows.net")), Fault.RESOURCE),
        (signed(OWN.replace("/telemetry/", "/other/")), Fault.RESOURCE),
        (signed(f"ftp://{HOST}/{HUB}/publishers/{build(DEVICE)}"), Fault.RESOURCE),
        (signed(f"sb://[/{HUB}/publishers/{build(DEVICE)}"), Fault.RESOURCE),
        (signed(f"sb://{HOST}/{HUB}/publishers/dev-17"), Fault.UNBOUND),
        (signed(f"sb://{HOST}/{HUB}/publishers/1_.dev_.vm_.{MAX_EPOCH + 1}"), Fault.UNBOUND),
        (GOOD.replace("sr=", "sr=&sr="), Fault.FORM),
        (f"{GOOD}&sr=x", Fault.FORM),
        (f"{GOOD}&x=1", Fault.FORM),
        (GOOD.removeprefix("SharedAccessSignature "), Fault.FORM),
        (GOOD.replace("SharedAccessSignature", "Bearer"), Fault.FORM),
        ("", Fault.FORM),
        ("SharedAccessSignature ", Fault.FORM),
        (GOOD + "x" * LONGEST, Fault.FORM),
        (GOOD.replace("&se=", "&se=-"), Fault.FORM),
        (GOOD.replace("&se=", "&se=\u0663"), Fault.FORM),
        (GOOD.replace("&se=", f"&se={'9' * 5000}"), Fault.FORM),
    ],
)
def test_what_opens_nothing_says_why(token: str, fault: Fault) -> None:
    assert verified(token, KEYS, AT) is fault


@given(st.integers(0, len(GOOD) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_no_letter_can_be_changed(at: int, letter: str) -> None:
    """But for the case of an escape in the signature, which is the same signature."""
    changed = GOOD[:at] + letter + GOOD[at + 1 :]
    found = verified(changed, KEYS, AT)
    assert isinstance(found, Fault) or changed == GOOD or changed.lower() == GOOD.lower()


@given(st.text(max_size=300), st.text(max_size=50), st.text(max_size=20), st.text(max_size=20))
def test_no_token_raises(resource: str, signature: str, expires: str, policy: str) -> None:
    token = f"SharedAccessSignature sr={resource}&sig={signature}&se={expires}&skn={policy}"
    assert isinstance(verified(token, KEYS, AT), Fault)
    assert isinstance(verified(resource, KEYS, AT), Fault)


@given(st.text(max_size=300))
def test_no_signed_resource_raises(resource: str) -> None:
    assert isinstance(verified(sign(resource, "devices", KEY, LATER), KEYS, AT), Publisher | Fault)


def test_while_a_key_is_renewed_tokens_of_both_hold() -> None:
    both = policy_keys(f"{CONNECTION} {CONNECTION.replace(KEY, OTHER_KEY)}", HUB)
    for key in (KEY, OTHER_KEY):
        assert verified(signed(OWN, key=key), both, AT) == DEVICE
    assert verified(signed(OWN, key="third"), both, AT) is Fault.SIGNATURE
    assert policy_keys("", HUB) == ()
    assert verified(GOOD, (), AT) is Fault.POLICY


def test_a_key_is_shown_by_no_repr_and_no_fault() -> None:
    assert KEY not in repr(KEYS)
    with pytest.raises(ValueError, match="DEVICES is of the hub 'telemetry'") as caught:
        policy_keys(CONNECTION, "other")
    assert KEY not in str(caught.value)
    assert PolicyKey(HOST, HUB, "devices", KEY) in KEYS
