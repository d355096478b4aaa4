"""docs/deploy.md, "The first machine": its commands, run as they stand there against the local hub.

Only what the machine at hand decides is put in: the Python that runs, and http for https in the address.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.tests.cosmos.serving import Serving
from devstack.tests.eventhubs.clients import read
from devstack.tests.eventhubs.serving import Served, connection_string, serving
from tests.support.backends import LOCAL
from vendctl.provision import create_database
from vending.adapters.clients import cosmos_client

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "deploy.md").read_text()
POLICIES = [
    {"name": "RootManageSharedAccessKey", "key": "SAS_KEY_VALUE", "rights": ["Manage"]},
    {"name": "devices", "key": "k+/=", "rights": ["Send"], "entity": "telemetry"},
]
EVENT = b'{"specversion":"1.0","id":"1-000000000001","source":"/devices/dev-17"}'

pytestmark = pytest.mark.skipif(
    not LOCAL, reason="the hub's policies are given to the local stack's own server"
)


def block(holding: str) -> str:
    """The one code block of the section that holds these words, without its indentation."""
    section = DOCUMENT.partition("## The first machine")[2].partition("\n## ")[0]
    (found,) = [text for text in re.findall(r" {3}```\n(.*?) {3}```", section, re.DOTALL) if holding in text]
    return re.sub(r"^ {3}", "", found, flags=re.MULTILINE)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    """The app's hub, with the policy `devices` that infra/ makes."""
    (tmp_path / "policies.json").write_text(json.dumps(POLICIES))
    config = ROOT / "infra" / "local" / "eventhubs.json"
    options = ("--config", str(config), "--policies", str(tmp_path / "policies.json"))
    with serving(tmp_path, *options) as server:
        yield server


@pytest.fixture
async def environment(account: Serving, hub: Served) -> dict[str, str]:
    """What the steps before this one leave in the shell, with the local stores."""
    found = os.environ | {
        "COSMOS": f"AccountEndpoint={account.url};AccountKey={WELL_KNOWN_KEY}",
        "COSMOS_DATABASE": "https-send", "TELEMETRY_HUB": "telemetry", "PYTHONPATH": str(ROOT),
        "DEVICES": f"Endpoint=sb://localhost:{hub.port}/;SharedAccessKeyName=devices;"
        "SharedAccessKey=k+/=;EntityPath=telemetry",
    }  # fmt: skip
    client = cosmos_client(found, "COSMOS")
    await create_database(client, "https-send")
    await client.close()
    return found


def shell(script: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run it as `bash -e` does."""
    return subprocess.run(
        ["bash", "-ec", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


async def test_the_documented_curl_sends_as_the_device(
    hub: Served, environment: dict[str, str], tmp_path: Path
) -> None:
    missing = [tool for tool in ("bash", "curl", "jq") if shutil.which(tool) is None]
    if missing and "CI" not in os.environ:
        pytest.skip(f"{missing} not installed: the document's command cannot be run")
    (tmp_path / "event.json").write_bytes(EVENT)
    (command,) = [line for line in block("vendctl device").splitlines() if "vendctl device" in line]
    assert command == ".venv/bin/vendctl device dev-17 --machine vm-17 >dev-17.json"
    done = shell(command.replace(".venv/bin/vendctl", f"{sys.executable} -m vendctl"), tmp_path, environment)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "dev-17.json").read_text())["deviceepoch"] == 1

    curl = block("curl ")
    address = '"$(jq -r .url dev-17.json)"'
    assert curl.count(address) == 1
    here = curl.replace(address, '"$(jq -r .url dev-17.json | sed s/^https:/http:/)"')
    done = shell(here, tmp_path, environment)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    (got,) = read(connection_string(hub.port), "telemetry", 1, None)
    annotations = got.raw_amqp_message.annotations
    assert annotations is not None
    assert annotations[b"x-opt-publisher"] == got.partition_key == b"1_.dev-17_.vm-17_.1"
    assert b"".join(got.body) == EVENT  # type: ignore[arg-type]

    done = shell(here.replace("sed ", "sed -e s/dev-17/dev-18/ -e "), tmp_path, environment)
    assert done.returncode == 22, "curl --fail"
    assert "401" in done.stderr
