"""The worker dies between making pictures and storing them; files that are no photos, in little memory.

A proxy before the blob store holds the pictures' requests, so the moment of the kill is no matter of luck.
"""

import re
import signal
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from devstack.signals import run
from devstack.stack import Ports, Stack
from tests.chaos.world import signalled, workers
from tests.conftest import QUICK
from tests.e2e.test_uploads import HTML, documents, ended, placed, redeliver, upload
from tests.support.backends import LOCAL, ROOT
from tests.support.mailbox import mails
from tests.support.pictures import exif, file, png_header, scene
from tests.support.storage_proxy import StorageProxy
from tests.support.waiting import until
from vendctl.local.system import HUBS, System
from vendctl.local.system import environment as settings_of
from vendctl.provision import provision
from vending.resources import PHOTOS, REJECTED, UPLOADS

pytestmark = [
    pytest.mark.skipif(not LOCAL, reason="processes and the store's connections are the local stack's own"),
    pytest.mark.usefixtures("environment"),
]
SYSTEM = "apart"
PHOTO = {"kind": "photo", "contentType": "image/jpeg"}
SUPERVISOR = {"NOTIFY_MAIL_TO": "rita@localhost"}
SMALL = 512 * 2**20
"""Bytes of the smallest instance."""


@dataclass(frozen=True)
class Apart:
    """A system whose blob store is behind a proxy."""

    system: System
    proxy: StorageProxy

    @property
    def environment(self) -> dict[str, str]:
        return self.system.environment

    def stored(self, container: str, below: str) -> list[str]:
        """Names of blobs, asked of the store itself."""
        with BlobServiceClient.from_connection_string(self.system.stack.storage_connection) as service:
            return list(service.get_container_client(container).list_blob_names(name_starts_with=below))

    def tick(self, timer: str) -> None:
        address = f"{self.system.host.url}/admin/functions/{timer}"
        kind = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(address, b'{"input": ""}', kind)).close()


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """The stack with its mail server and storage events, and the app behind the proxy."""
    data = tmp_path_factory.mktemp("apart")
    with (
        Stack.start(data, ports=Ports.free(), hubs_config=HUBS) as stack,
        StorageProxy(stack.ports.blob) as proxy,
    ):
        stack.start_mail()
        behind = stack.storage_connection.replace(f":{stack.ports.blob}/", f":{proxy.port}/")
        found = settings_of(stack, QUICK | SUPERVISOR | {"DATA": behind}, apart=True)
        run(provision(found))
        stack.start_storage_events(UPLOADS, UPLOADS)
        host = stack.start_functions(ROOT, settings=found, log=data / "functions.log")
        yield Apart(System(stack, host, found), proxy)


@pytest.mark.parametrize("size", ["320", "1280"])
def test_the_worker_is_killed_before_a_picture_is_stored(apart: Apart, size: str, tmp_path: Path) -> None:
    machine = placed(f"killed-{size}", tmp_path)
    picture = re.compile(rf"/{PHOTOS}/{machine}/[0-9a-f]+/{size}\.webp")
    apart.proxy.hold(lambda method, path: method == "PUT" and picture.search(path) is not None)
    id_, name = upload(apart.system, file(scene(4000, 3000), exif=exif(6)), PHOTO | {"machineId": machine})
    assert apart.proxy.held.wait(60), "the pictures are made"
    signalled(workers(apart.system.host), signal.SIGKILL)
    apart.proxy.let_go()
    assert apart.stored(PHOTOS, machine) == ([] if size == "320" else [f"{machine}/{id_}/320.webp"])
    assert documents(machine, "photo:") == []

    [record] = until(lambda: ended(machine), "the message comes again", 120)
    assert record["state"] == "processed"
    until(lambda: mails(apart.system.stack, machine), "the mail came")
    for _ in range(2):
        redeliver(apart.system, name, record["etag"])
        apart.tick("sweep")
    until(lambda: done(apart, machine), "the redeliveries are done")

    assert apart.stored(PHOTOS, machine) == [f"{machine}/{id_}/{one}.webp" for one in ("1280", "320")]
    assert [one["id"] for one in documents(machine, "photo:")] == [f"photo:{id_}"]
    [mail] = mails(apart.system.stack, machine)
    assert mail.startswith(f"Photo of {machine}\n")


def done(apart: Apart, machine: str) -> bool:
    """Whether the log has two redeliveries of the machine's file that found it done."""
    log = (apart.system.stack.data / "functions.log").read_text(errors="replace")
    return len(re.findall(rf"upload photo/{machine}/\S+ processed before", log)) == 2


def test_files_that_are_no_photos_are_rejected_in_little_memory(apart: Apart, tmp_path: Path) -> None:
    whole = file(scene(4000, 3000))
    refused = {
        "bomb": (png_header(50_000, 50_000), "too-many-pixels"),
        "torn": (whole[: len(whole) // 2], "truncated"),
        "html": (HTML, "no-photo"),
    }
    for what, (data, reason) in refused.items():
        machine = placed(f"{what}-survived", tmp_path)
        _, name = upload(apart.system, data, PHOTO | {"machineId": machine})
        [record] = until(lambda machine=machine: ended(machine), f"{what} is rejected")  # type: ignore[misc]
        assert (record["state"], record["said"].partition(":")[0]) == ("rejected", reason)
        assert apart.stored(REJECTED, name) == [name, f"{name}.json"]
        until(lambda name=name: not apart.stored(UPLOADS, name), "it is gone from there")  # type: ignore[misc]
        [mail] = until(lambda machine=machine: mails(apart.system.stack, machine), "a mail says so")  # type: ignore[misc]
        assert mail.startswith(f"Refused upload of {machine}: {reason}\n")
    for pid in workers(apart.system.host):
        assert highest(pid) < SMALL


def highest(pid: int) -> int:
    """The most memory that a process ever had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024
