"""The deployment package on the local host, with what requirements.txt installs and nothing else."""

import asyncio
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devstack.stack import FunctionsHost, Ports, Stack
from tests.conftest import QUICK
from tests.support.devices import Device, send
from tests.support.waiting import finished
from tests.unit.house.test_import import FUNCTIONS
from vendctl import package
from vendctl.local.system import HUBS, ROOT, environment
from vendctl.provision import provision

DEPLOYED = ROOT / ".tools" / "deployed"
"""Made by ``make setup-test``: an environment of each requirements file, and of nothing else."""


@dataclass
class Deployment:
    """A stack, and the package on it in an environment of its own."""

    stack: Stack
    settings: dict[str, str]
    folder: Path

    def start(self, requirements: str, **settings: str) -> FunctionsHost:
        """The package's functions, listening."""
        app = self.folder / requirements
        package.build(ROOT, app, telemetry=requirements == "requirements-telemetry", version="1.2.3")
        return self.stack.start_functions(
            app,
            settings=self.settings | settings,
            arguments=["--python", str(interpreter(requirements))],
            log=self.folder / f"{requirements}.log",
        )


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    with Stack.start(folder / "data", ports=Ports.free(), hubs_config=HUBS, progress=print) as stack:
        settings = environment(stack, QUICK, apart=True)
        asyncio.run(provision(settings))
        yield Deployment(stack, settings, folder)


def interpreter(requirements: str) -> Path:
    return DEPLOYED / requirements / "bin" / "python"


def installed(python: Path) -> dict[str, str]:
    """Package → version, as that environment tells."""
    program = (
        "import importlib.metadata as m, json;"
        "print(json.dumps({x.name: x.version for x in m.distributions()}))"
    )
    told = subprocess.run([python, "-I", "-c", program], check=True, capture_output=True, text=True).stdout
    return {
        name.lower().replace("_", "-").replace(".", "-"): version
        for name, version in json.loads(told).items()
    }


def get(host: FunctionsHost, path: str) -> tuple[int, Any]:
    with urllib.request.urlopen(f"{host.url}{path}", timeout=60) as answer:
        return answer.status, json.loads(answer.read())


def test_its_environment_is_what_requirements_name() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = dict(line.split()[0].split("==") for line in lines if re.match(r"[\w.-]+==", line))
    assert installed(interpreter("requirements")) == pins


def test_every_function_is_indexed_and_an_event_travels_through(deployment: Deployment) -> None:
    host = deployment.start("requirements")
    try:
        assert set(host.functions) == FUNCTIONS
        (worker,) = get(host, "/admin/host/status")[1]["workers"]
        told = subprocess.run(
            ["ps", "-o", "args=", "-p", str(worker)], capture_output=True, text=True, check=True
        )
        assert told.stdout.startswith(str(interpreter("requirements")))
        status, health = get(host, "/api/health")
        assert (status, health["status"], health["version"]) == (200, "ok", "1.2.3")
        assert health["decoder"] == "quick"
        device = Device("deployed")
        send(
            deployment.stack.eventhubs_connection,
            "telemetry",
            [(device.name, [device.vend(), device.vend()])],
        )
        finished(deployment.settings)
        status, machine = get(host, f"/api/v1/machines/{device.machine}")
        assert (status, machine["totals"]["vends"]) == (200, 2)
    finally:
        host.stop()
        deployment.stack.hosts.remove(host)
