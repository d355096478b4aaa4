"""The OpenAPI document against the running app, by other people's programs: what it says is so.

``make soak`` has schemathesis ask 5,000 times and more; here it asks less, and the same each time.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import function_app  # noqa: F401 - declares the routes
from blueprints.routes import ROUTES, Route
from tests.e2e.test_http import fetch, host_key
from tests.support.devices import Device, send
from tests.support.waiting import finished
from vendctl.local.system import ROOT, System
from vending.openapi.parts import PATH_PARAMETERS

EXAMPLES = int(os.environ.get("API_EXAMPLES", "5"))
"""Of each operation and phase."""
CASES = int(os.environ.get("API_CASES", "200"))
"""Requests at least."""
PROGRAMS = ROOT / ".tools" / "client" / "bin"
"""Made by ``make setup-test``."""
MACHINE = PATH_PARAMETERS["machineId"][2]
NEVER = "unsupported_method"
"""The one check that is left out: it wants 405, and the platform answers 404 to a verb without a route."""


CHANGES_ALL = "post_catalog_changes"
"""Left out: a catalog of anything would change what the other tests find."""


class Guarded(NamedTuple):
    """A host that asks for keys, and its master key, which opens every route but those of devices."""

    url: str
    key: str


@pytest.fixture(scope="module")
def guarded(running: System) -> Iterator[Guarded]:
    """All routes behind the host's keys, and the machine of the document's examples."""
    assert PROGRAMS.exists(), f"{PROGRAMS} is missing: `make setup-test` makes it"
    device = Device(MACHINE)
    events = [device.level(9), device.vend(), device.temperature()]
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, events)])
    finished(running.environment)
    arguments = ["--enable-auth", "--only", *ROUTES]
    host = running.stack.start_functions(ROOT, settings=running.environment, arguments=arguments)
    try:
        yield Guarded(host.url, host_key(running, "master"))
    finally:
        host.stop()
        running.stack.hosts.remove(host)


def beyond_schemas(route: Route) -> bool:
    """Whether it may refuse what its schemas allow: they say nothing of two fields together, nor of what is
    stored, such as the version that If-Match names, or the request that had a key first."""
    depends = route.takes is not None or {422, 428} & set(route.problems)
    return bool(depends) or hasattr(route.asks, "__post_init__")


def below_accepted() -> list[str]:
    """Functions that read what another route answers with 202: it is there later."""
    made = tuple(f"{one.path}/" for one in ROUTES.values() if one.status == 202)
    return sorted(name for name, one in ROUTES.items() if one.method == "GET" and one.path.startswith(made))


def configuration() -> str:
    """Of schemathesis."""
    names = sorted(name for name, route in ROUTES.items() if beyond_schemas(route))
    return (
        # A key opens a route whatever else a request shows: a made-up token beside it is no fault.
        "[generation]\nwith-security-parameters = false\n"
        f"[[operations]]\ninclude-operation-id = {json.dumps(names)}\n"
        "checks.positive_data_acceptance.enabled = false\n"
        f"[[operations]]\ninclude-operation-id = {json.dumps(below_accepted())}\n"
        "checks.ensure_resource_availability.enabled = false\n"
        # A body that is too long for its schema may be too large for its route first.
        "[checks.negative_data_rejection]\n"
        "expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]\n"
        # RFC 6585: without If-Match it is not 400 that they answer.
        "[checks.missing_required_header]\nexpected-statuses = [400, 401, 404, 428]\n"
    )


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What it says; fails with it."""
    mine = os.environ | {"PYTHONPATH": ""} | environment
    done = subprocess.run(
        command, cwd=folder, env=mine, capture_output=True, text=True, check=False, timeout=1500
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def served(guarded: Guarded, folder: Path) -> Path:
    """The document as a file."""
    file = folder / "openapi.json"
    file.write_bytes(fetch(f"{guarded.url}/api/openapi.json", {})[2])
    return file


def test_it_is_an_openapi_document(guarded: Guarded, tmp_path: Path) -> None:
    file = served(guarded, tmp_path)
    assert json.loads(file.read_bytes())["openapi"].startswith("3.1.")
    assert "OK" in run([str(PROGRAMS / "openapi-spec-validator"), str(file)], tmp_path, {})


@pytest.mark.timeout(1600)
def test_schemathesis_finds_nothing(guarded: Guarded, tmp_path: Path) -> None:
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(configuration())
    options = ["--header", f"x-functions-key: {guarded.key}", "--exclude-checks", NEVER]
    options += ["--exclude-operation-id", CHANGES_ALL]
    options += ["--max-examples", str(EXAMPLES), "--continue-on-failure", "--no-color"]
    options += [] if "API_EXAMPLES" in os.environ else ["--generation-deterministic"]
    program = [str(PROGRAMS / "schemathesis"), "--config-file", str(settings), "run"]
    said = run(
        [*program, f"{guarded.url}/api/openapi.json", *options], tmp_path, {"PYTHONWARNINGS": "default"}
    )
    phases = [line.strip() for line in said.splitlines() if line.strip().startswith("✅")]
    assert len(phases) >= 4, said[-2000:]
    (cases,) = re.findall(r"(\d+) generated", said)
    assert int(cases) >= CASES


def test_a_client_made_of_the_document_runs_the_lines_of_the_readme(guarded: Guarded, tmp_path: Path) -> None:
    document = served(guarded, tmp_path)
    path = {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    made = [str(PROGRAMS / "openapi-python-client"), "generate", "--path", str(document), "--meta", "none"]
    run(made, tmp_path, path)
    (lines,) = re.findall(
        r"```python\n(from vendstream_client .*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    program = lines.replace("http://localhost:7071", guarded.url).replace("KEY", guarded.key)
    program = program.replace("limit=5", "limit=500")  # other tests have machines there too
    said = run([str(PROGRAMS / "python"), "-c", program], tmp_path, {}).splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d+ units sold, \d+ alerts open", said[0])
    assert any(line.startswith(f"{MACHINE} silent ['A1'") for line in said[1:]), said
