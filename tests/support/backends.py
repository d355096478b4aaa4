"""Where the services are: started by the tests (``STACK=devstack``, the default), or there already.

``STACK=emulators``: on the ports of local.settings.json, whether `make services` or the official emulators
hold them. ``STACK=azure``: as the app settings in the environment say, with connection strings whose keys may
create containers. Contract tests make their own there, and delete their databases afterwards.
"""

import json
import os
import signal
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.ports import free_port
from tests.support.waiting import until
from vendctl.environment import values

ROOT = Path(__file__).parents[2]
STACK = os.environ.get("STACK", "devstack")
STACKS = ("devstack", "emulators", "azure")
LOCAL = STACK == "devstack"
"""Whether the tests start the services themselves, and may break them."""
RUN = "" if LOCAL else f"-{uuid.uuid4().hex[:8]}"
"""Where services outlive the tests, names are of this run alone, so that a run can be repeated."""
DEPLOYED = ROOT / ".tools" / "deployed" / "requirements"
"""Made by ``make test-func``: an environment of requirements.txt alone."""
if STACK not in STACKS:
    raise ValueError(f"STACK={STACK}: say {', '.join(STACKS)}")


def settings() -> dict[str, str]:
    """The app settings of services that were not started by the tests."""
    return dict(os.environ) if STACK == "azure" else values(ROOT / "local.settings.json")


@dataclass(frozen=True)
class Services:
    """The connections of the services, under the names that the local stack gives them; ``data`` holds the
    host's functions.log.
    """

    eventhubs_connection: str
    cosmos_connection: str
    storage_connection: str
    data: Path


def services(found: Mapping[str, str], data: Path) -> Services:
    """The services that the app settings name."""
    return Services(found["EVENTHUB"], found["COSMOS"], found["DATA"], data)


@dataclass(frozen=True)
class CoreTools:
    """``func start`` on a port, and its address."""

    port: int

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://localhost:{self.port}"

    def status(self) -> dict[str, Any]:
        """What the host says of itself; empty while it does not listen."""
        try:
            with urllib.request.urlopen(f"{self.url}/admin/host/status", timeout=60) as answer:
                found: dict[str, Any] = json.load(answer)
        except OSError:
            return {}
        return found


@contextmanager
def core_tools(environment: Mapping[str, str], log: Path) -> Iterator[CoreTools]:
    """Azure Functions Core Tools on the app, with ``func`` from the PATH; ended with its children.

    In an environment of requirements.txt alone, because the worker prefers an environment's packages to its
    own; without file watching, because a new top-level folder, such as .data, would restart the host.
    """
    tools = CoreTools(free_port())
    assert (DEPLOYED / "bin" / "python").exists(), f"{DEPLOYED} is missing: `make test-func` makes it"
    (ROOT / ".data").mkdir(exist_ok=True)
    chosen = {
        "PATH": f"{DEPLOYED / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(DEPLOYED),
        "AzureFunctionsJobHost__fileWatchingEnabled": "false",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["func", "start", "--port", str(tools.port), "--verbose"],
            cwd=ROOT, env=os.environ | environment | chosen,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:

        def running() -> bool:
            said = log.read_text(errors="replace")[-6000:]
            assert process.poll() is None, f"func ended with {process.returncode}:\n{said}"
            return tools.status().get("state") == "Running"

        until(running, f"the functions run (the log is {log})", 180)
        yield tools
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM to the process and all that it started; SIGKILL for those that ignore it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(60)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
