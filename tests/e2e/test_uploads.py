"""A file through the API's address: stored, told, processed once, or rejected with its reason."""

import asyncio
import base64
import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from tests.support.backends import LOCAL, RUN
from tests.support.metadata import ROOT
from tests.support.waiting import finished, until
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System
from vending import wiring
from vending.resources import REJECTED, UPLOADS

pytestmark = [
    pytest.mark.skipif(not LOCAL, reason="storage events are told by the local stack"),
    pytest.mark.usefixtures("told", "environment"),
]
MONDAY = (ROOT / "examples" / "dex" / "monday.dex").read_bytes()
HTML = b"<!doctype html><html><body>Sign in to this network</body></html>"
DEX = {"kind": "dex", "contentType": "text/plain"}
PHOTO = {"kind": "photo", "contentType": "image/jpeg"}


def placed(machine: str, folder: Path) -> str:
    """The machine, once the catalog has it: other tests leave one that has others."""
    catalog = {
        "sites": [{"id": "uploading", "timeZone": "Etc/UTC"}],
        "machines": [{"id": machine, "site": "uploading"}],
    }
    (folder / "catalog.json").write_text(json.dumps(catalog))
    assert vendctl(["catalog", "import", str(folder / "catalog.json")]) == 0
    return machine


def upload(running: System, data: bytes, asked: Mapping[str, Any]) -> tuple[str, str]:
    """Through the API: the upload's id and its blob's name."""
    body = json.dumps({"size": len(data)} | dict(asked)).encode()
    request = urllib.request.Request(
        f"{running.host.url}/api/v1/uploads", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 201
        found = json.load(answer)
    put = urllib.request.Request(found["url"], data, found["headers"], method=found["method"])
    with urllib.request.urlopen(put, timeout=60) as answer:
        assert answer.status == 201
    return found["uploadId"], found["url"].partition("?")[0].partition(f"/{UPLOADS}/")[2]


def documents(machine: str, prefix: str) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        try:
            found = wiring.machines().select(machine)
            return [one.body async for one in found if one.body["id"].startswith(prefix)]
        finally:
            await wiring.close()

    return asyncio.run(read())


def ended(machine: str) -> list[dict[str, Any]]:
    """The machine's uploads, when there is an outcome of each."""
    found = documents(machine, "upload:")
    return [] if any(one["state"] == "admitted" for one in found) else found


def test_an_audit_reaches_the_ledger_once(running: System, tmp_path: Path) -> None:
    machine = placed(f"audited{RUN}", tmp_path)
    _, name = upload(running, MONDAY, DEX | {"machineId": machine})
    [record] = until(lambda: ended(machine), "it is processed")
    assert (record["state"], record["first"]) == ("processed", 1)
    [page] = until(lambda: documents(machine, "page:"), "its event is in the ledger")
    [line] = page["lines"]
    assert (page["deviceId"], page["epoch"], line["kind"], line["ledger"]) == ("uploads", 0, "audit", 1)
    assert line["checksum"] == "right"
    redeliver(running, name, record["etag"])
    finished(running.environment)
    assert [each["lines"] for each in documents(machine, "page:")] == [[line]]
    assert ended(machine) == [record]
    [stock] = documents(machine, "stock")
    assert stock["applied"] == {"uploads/0": [[1, 1]]}
    assert "vends" not in stock["totals"]


@pytest.mark.parametrize("asked", [DEX, PHOTO], ids=["dex", "photo"])
def test_a_page_of_html_ends_among_the_rejected(
    running: System, asked: Mapping[str, Any], tmp_path: Path
) -> None:
    machine = placed(f"html-{asked['kind']}{RUN}", tmp_path)
    _, name = upload(running, HTML, dict(asked) | {"machineId": machine})
    [record] = until(lambda: ended(machine), "it is rejected")
    assert record["state"] == "rejected"
    with BlobServiceClient.from_connection_string(running.environment["DATA"]) as service:
        rejected = service.get_container_client(REJECTED)
        assert rejected.download_blob(name).readall() == HTML
        reason = json.loads(rejected.download_blob(f"{name}.json").readall())
        assert f"{reason['reason']}: {reason['detail']}" == record["said"]
        assert not service.get_blob_client(UPLOADS, name).exists()


def redeliver(running: System, name: str, etag: str) -> None:
    """Event Grid tells once more, and is heard."""
    event = {
        "id": "again", "topic": "", "subject": f"/blobServices/default/containers/{UPLOADS}/blobs/{name}",
        "eventType": "Microsoft.Storage.BlobCreated", "eventTime": "2026-03-02T18:41:00Z",
        "data": {"eTag": etag, "contentLength": 1}, "dataVersion": "", "metadataVersion": "1",
    }  # fmt: skip
    with QueueServiceClient.from_connection_string(running.environment["DATA"]) as service:
        queue = service.get_queue_client(UPLOADS)
        queue.send_message(base64.b64encode(json.dumps(event).encode()).decode())
        until(lambda: queue.get_queue_properties().approximate_message_count == 0, "the message is done")
