"""Changes over HTTP through the host: one of each kind, with its key, its version and its record."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.backends import RUN
from tests.support.devices import Device, send
from tests.support.waiting import finished, until
from vendctl.local.system import System


@dataclass(frozen=True)
class Answered:
    """What the host answered."""

    status: int
    etag: str
    body: Any


@dataclass(frozen=True)
class Client:
    """Somebody who uses the API."""

    url: str

    def get(self, path: str) -> Answered:
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: Any = None, **headers: str) -> Answered:
        """``if_match="*"`` is the header ``If-Match``."""
        data = b"" if body is None else json.dumps(body).encode()
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._ask("POST", path, data, {"Content-Type": "application/json"} | said)

    def _ask(self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]) -> Answered:
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, dict(headers), method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answered(answer.status, answer.headers.get("ETag", ""), json.load(answer))
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Answered(refusal.code, "", json.load(refusal))


@pytest.fixture
def client(running: System) -> Client:
    return Client(running.host.url)


def records(client: Client, target: str) -> list[dict[str, Any]]:
    """Of the audit record, today's about the target."""
    day = time.strftime("%Y-%m-%d", time.gmtime())
    found = client.get(f"audit?day={day}&limit=500").body["records"]
    return [record for record in found if record["target"] == target]


def test_an_alert_is_assigned_once_and_its_old_version_no_more(running: System, client: Client) -> None:
    device = Device(f"attended-to{RUN}")
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, [device.level(1), device.vend()])])
    path = f"alerts/{device.machine}/{urllib.parse.quote('sold-out:A1')}"
    until(lambda: client.post(f"{path}/acknowledge", if_match="*").status == 200, "the alert is there")
    assert client.post(f"{path}/assign", {"owner": "ben"}).status == 428
    note = client.post(f"{path}/note", {"text": "hm"}, if_match="*", idempotency_key="n1")
    again = client.post(f"{path}/note", {"text": "hm"}, if_match="*", idempotency_key="n1")
    assert (note.status, note.etag, note.body) == (again.status, again.etag, again.body)
    assert client.post(f"{path}/note", {"text": "h"}, if_match="*", idempotency_key="n1").status == 422
    done = client.post(f"{path}/assign", {"owner": "ben"}, if_match="*")
    assert (done.status, done.body["owner"]) == (200, "ben")
    assert client.post(f"{path}/resolve", {"reason": "off"}, if_match=note.etag).status == 412
    target = f"alerts/{device.machine}/sold-out/A1"
    assert [record["what"] for record in records(client, target)] == [
        "alert assign", "alert note", "alert acknowledge"
    ]  # fmt: skip


def test_the_catalog_is_changed_as_it_was_foreseen(client: Client) -> None:
    site = f"changed{RUN}"
    entries = {
        "sites": [{"id": site, "timeZone": "Etc/UTC", "latitude": 1.5, "longitude": -2}],
        "machines": [{"id": f"{site}-1", "site": site}],
    }
    foreseen = client.post("catalog/changes?dryRun=true", entries)
    assert (foreseen.status, foreseen.body["written"]) == (200, {"site": 1, "machine": 1})
    assert client.get(f"catalog/entries/sites/{site}").status == 404
    version = client.get("catalog").etag
    done = client.post("catalog/changes", entries, if_match=version, idempotency_key=site)
    assert done.body == foreseen.body | {"dryRun": False}
    assert client.post("catalog/changes", entries, if_match=version, idempotency_key=site).body == done.body
    assert client.post("catalog/changes", entries, if_match=version).status == 412
    assert client.get(f"catalog/entries/sites/{site}").body["entry"]["latitude"] == 1.5
    assert client.get("catalog").etag == done.etag


def test_a_dead_letter_is_corrected_and_counts(running: System, client: Client) -> None:
    device = Device(f"corrected{RUN}")
    wrong, right = device.vend(quantity=0), device.vend()
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, [wrong, right])])
    finished(running.environment)
    letter = place(running, device.name)
    body = wrong.decode().replace('"quantity":0', '"quantity":1')
    path = f"dead-letters/{letter}"
    assert client.post(f"{path}/replay").status == 409
    assert client.post(f"{path}/replay", {"body": body}, idempotency_key=letter).body["state"] == "sent"
    until(lambda: client.get(f"machines/{device.machine}").body["totals"]["vends"] == 2, "it counts")
    until(lambda: client.post(f"{path}/replay", {"body": body}).body["state"] == "applied", "it is applied")
    assert client.post(f"{path}/discard").status == 409


def place(running: System, device: str) -> str:
    """The id of the device's dead letter."""
    from azure.storage.blob import BlobServiceClient

    from vending.resources import DEADLETTERS

    with BlobServiceClient.from_connection_string(running.environment["DATA"]) as service:
        letters = service.get_container_client(DEADLETTERS)
        for name in letters.list_blob_names():
            if not name.endswith(".jsonl"):
                continue
            for line in letters.download_blob(name).readall().splitlines():
                row = json.loads(line)
                if device in row.get("body", ""):
                    return f"{row['generation']}~{row['partition']}~{row['sequence']}"
    raise AssertionError(f"no dead letter of {device}")


def test_a_visit_is_an_event_of_the_machine(running: System, client: Client) -> None:
    site, machine = f"visited{RUN}", f"visited{RUN}-1"
    entries = {"sites": [{"id": site, "timeZone": "Etc/UTC"}], "machines": [{"id": machine, "site": site}]}
    assert client.post("catalog/changes", entries, if_match="*").status == 200
    said = {"reason": "fill", "visitId": "visit-7"}
    first = client.post(f"machines/{machine}/visits", said, idempotency_key="v1")
    assert (first.status, first.body["visitId"]) == (202, "visit-7")
    assert client.post(f"machines/{machine}/visits", said, idempotency_key="v1").body == first.body
    finished(running.environment)
    visit = client.get(f"machines/{machine}").body["condition"]["visit"]
    assert (visit["visitId"], visit["reason"], visit["started"]) == ("visit-7", "fill", False)
    assert client.post(f"machines/nowhere{RUN}/visits", said).status == 404
