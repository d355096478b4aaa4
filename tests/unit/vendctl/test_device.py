"""``vendctl device``: tokens for one publisher, and epochs that only rise."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from devstack.eventhubs.security.sas import sign as signed_by_the_server
from tests.core import hub_event, vend
from vendctl.__main__ import main as vendctl
from vendctl.device import NAME, credentials, next_epoch, sign
from vending.domain.events import parse
from vending.errors import Rejected

EXPIRES = datetime(2027, 3, 1, tzinfo=UTC)
DEVICES = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=devices;SharedAccessKey=k+/=;EntityPath=telemetry"


def test_a_token_is_for_one_publisher_until_a_time() -> None:
    found = credentials({"DEVICES": DEVICES}, "telemetry", "dev-1", EXPIRES)
    resource = "sb://x.servicebus.windows.net/telemetry/publishers/dev-1"
    fields = parse_qs(found["token"].removeprefix("SharedAccessSignature "))
    assert fields["sr"] == [resource]
    assert (fields["skn"], fields["se"]) == (["devices"], [str(int(EXPIRES.timestamp()))])
    assert found["target"] == "telemetry/publishers/dev-1"
    assert found["url"] == "https://x.servicebus.windows.net/telemetry/publishers/dev-1/messages"
    assert found["token"] == sign(resource, "devices", "k+/=", EXPIRES)
    assert "k+/=" not in str(found)


def test_the_signature_is_the_one_that_servers_compute() -> None:
    resource = "sb://x.servicebus.windows.net/telemetry/publishers/dev-1"
    theirs = signed_by_the_server(resource, "devices", "k+/=", int(EXPIRES.timestamp()))
    assert sign(resource, "devices", "k+/=", EXPIRES) == theirs


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("", "DEVICES is no connection string"),
        ("Endpoint=sb://x.servicebus.windows.net/", "DEVICES is no connection string"),
        (DEVICES.replace("=telemetry", "=other"), "is of the hub 'other'"),
    ],
)
def test_a_wrong_setting_is_told(setting: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        credentials({"DEVICES": setting}, "telemetry", "dev-1", EXPIRES)


def test_the_next_epoch_is_above_all_that_ever_came() -> None:
    assert next_epoch(None, {}) == 1
    assert next_epoch({"applied": {"dev-1/3": [[1, 2]], "dev/2/7": [[1, 1]]}}, {}) == 8
    assert (
        next_epoch({"applied": {"dev-1/3": [[1, 2]]}}, {"seen": [9, 1, 5, "ntp"], "door:": [2, 1, 5]}) == 10
    )


@pytest.mark.parametrize("words", [["a/b", "--machine", "m"], ["d", "--machine", "$hub"], ["d"]])
def test_names_that_no_event_could_have_are_refused(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COSMOS", "AccountEndpoint=http://localhost:9/;AccountKey=eA==")
    monkeypatch.setenv("DEVICES", DEVICES)
    assert vendctl(["device", *words]) == 2
    said = capsys.readouterr().err
    assert "names are up to 64" in said or "Missing option '--machine'" in said


@pytest.mark.parametrize(
    "name",
    ["dev-1", "a" * 64, "A.b_c-9", "dev:1", "a" * 65, "-dev", ".dev", "dev/1", "dev 1", "dev\n", "dév", ""],
)
def test_exactly_the_names_that_ingest_takes_get_credentials(name: str) -> None:
    """dev:1 had a token once, and then every event of it was dead-lettered."""
    content = vend(1, device=name)
    if NAME.fullmatch(name):
        assert parse(hub_event(1, content)).device == name
    else:
        with pytest.raises(Rejected, match=r"\$.source"):
            parse(hub_event(1, content))
