"""A visit as a device, a bag and a photo tell of it: one answer of the API, through the whole system."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_uploads import ended, placed, upload
from tests.support.backends import LOCAL, RUN
from tests.support.devices import Device, send
from tests.support.pictures import file, scene
from tests.support.waiting import until
from vendctl.local.system import System

pytestmark = [
    pytest.mark.skipif(not LOCAL, reason="storage events are told by the local stack"),
    pytest.mark.usefixtures("told", "environment"),
]
VISIT = {"visitId": "visit-7", "reason": "fill"}


def asked(running: System, path: str) -> Any:
    with urllib.request.urlopen(f"{running.host.url}/api/v1/{path}", timeout=60) as answer:
        return json.load(answer)


def test_a_visit_is_put_together(running: System, tmp_path: Path) -> None:
    device = Device(f"visited{RUN}", started=datetime.now(UTC) - timedelta(minutes=5))
    machine = placed(device.machine, tmp_path)
    lines = [{"selection": "A1", "before": 0, "added": 6, "after": 6}]
    bag = {"visitId": "visit-7", "bagId": "bag-1", "currency": "EUR", "boxMinor": 300, "billsMinor": 500}
    events = [
        device.event("visit.started", VISIT | {"userRef": "driver-12"}),
        device.event("inventory.restocked", {"visitId": "visit-7", "lines": lines}),
        device.event("cash.collected", bag),
        device.event("visit.ended", VISIT),
    ]
    hub = running.stack.eventhubs_connection, running.environment["TELEMETRY_HUB"]
    send(*hub, [(device.name, events), (device.name, events)])
    photo = {"kind": "photo", "contentType": "image/jpeg", "machineId": machine, "visitId": "visit-7"}
    id_, _ = upload(running, file(scene()), photo)
    until(lambda: ended(machine), "the photo is processed")

    path = f"machines/{machine}"
    [row] = until(
        lambda: [one for one in asked(running, f"{path}/visits")["visits"] if one["ended"]], "it is over"
    )
    assert (row["visitId"], row["reason"], row["restocks"], row["added"]) == ("visit-7", "fill", 1, 6)
    assert (row["collections"], row["collected"], row["photos"]) == (1, {"EUR": 800}, 1)
    whole = asked(running, f"{path}/visits/visit-7")
    assert whole["userRef"] == "driver-12"
    assert [one["slots"][0]["after"] for one in whole["restocks"]] == [6]
    assert [one["photoId"] for one in whole["photos"]] == [f"{machine}~{id_}"]
    [collection] = asked(running, f"{path}/collections")["collections"]
    assert (collection["bagId"], collection["visitId"]) == ("bag-1", "visit-7")
