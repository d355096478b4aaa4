"""Every request that the documents show is made of the running app, and answered as declared."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import function_app  # noqa: F401 - declares the routes
from blueprints.options import fits
from blueprints.routes import ROUTES, Route
from tests.support.backends import LOCAL
from tests.support.devices import Device, send
from tests.support.waiting import finished
from tests.unit.house.test_documents import PAGES
from vendctl.commands.program import wired
from vendctl.local.catalog import describe_fleet, import_fleet
from vendctl.local.system import ROOT, System
from vending.openapi.parts import PATH_PARAMETERS

SHOWN = re.compile(r"\b(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[^\s`|]*)")
BLOCK = re.compile(r"^ *```[a-z]*\n(.*?)```", re.DOTALL | re.MULTILINE)
CURL = re.compile(r"^ *curl (?:.*\\\n)*.*$", re.MULTILINE)
ROOT_PATH = re.compile(r"\{ignored[^}]*}")
"""Stands for nothing at all: ``/``."""
LOCAL_APP = "http://localhost:7071"
NOT_OURS = ("/admin/", "/_control")
MACHINE = PATH_PARAMETERS["machineId"][2]


def pages() -> dict[str, str]:
    """What people read, by its path; decisions tell of what was."""
    found = {str(path.relative_to(ROOT)): path.read_text() for path in PAGES}
    return {name: text for name, text in found.items() if "decisions/" not in name and "devstack" not in name}


def shown() -> list[tuple[str, str]]:
    """Verb and address of each request, without those of others' programs."""
    found = {pair for text in pages().values() for pair in SHOWN.findall(text)}
    return sorted((verb, path) for verb, path in found if not path.startswith(NOT_OURS))


def declared(verb: str, path: str) -> Route | None:
    """The route that answers it."""
    address = path.partition("?")[0].removeprefix("/")
    ours = [one for one in ROUTES.values() if verb in one.methods]
    found = [one for one in ours if ROOT_PATH.sub("", one.path) == address or fits(one.path, address)]
    return found[0] if found else None


def filled(path: str) -> str:
    """With the examples of the OpenAPI document for names in braces."""
    return re.sub(r"{\*?(\w+)(?::[^}]*)?}", lambda name: PATH_PARAMETERS.get(name[1], ("", {}, "x"))[2], path)


@pytest.fixture(scope="module", autouse=True)
def machine(running: System, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The machine of the examples has sent something, so that there is something to show."""
    device = Device(MACHINE)
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, [device.vend()])])
    finished(running.environment)


def test_the_requests_are_found() -> None:
    """Else the tests below would be empty."""
    assert {("GET", "/api/v1/machines"), ("GET", "/api/v1/machines?placed=true")} <= set(shown())
    assert len(curls()) > 1


@pytest.mark.parametrize(("verb", "path"), shown(), ids=map(" ".join, shown()))
def test_a_shown_request_is_answered_as_declared(running: System, verb: str, path: str) -> None:
    """A verb without a route would be a 404 without a body."""
    route = declared(verb, path)
    assert route, "no route is declared so"
    body = b"{}" if route.takes else None
    asked = urllib.request.Request(f"{running.host.url}{filled(path)}", body, method=verb)
    if body:
        asked.add_header("Content-Type", "application/json")
    try:
        with urllib.request.build_opener(Stay).open(asked, timeout=60) as answer:
            status, kind = answer.status, answer.headers.get_content_type()
    except urllib.error.HTTPError as refusal:
        with refusal:
            status, kind = refusal.code, refusal.headers.get_content_type()
    if status >= 400 and status not in route.alike:
        assert kind == "application/problem+json", status
        assert status in {400, *route.problems}
    if route.method == "GET" and "{" not in route.path:
        missing = {404} if "?" in path and 404 in route.problems else set()
        assert status in ({400} if lacks(route, path) else {route.status, *route.alike} | missing)


def lacks(route: Route, path: str) -> bool:
    """Whether a parameter that the route needs is not shown: a row of a table names the address alone."""
    needed = (field.encode_name for field in structs.fields(route.asks) if field.required)
    return any(f"{name}=" not in path for name in needed)


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows nobody: a redirect is an answer."""

    def redirect_request(self, *_: Any) -> None:
        return None


def curls() -> list[str]:
    """The command lines that ask the app of ``make run``, page by page, in order."""
    blocks = [block for text in pages().values() for block in BLOCK.findall(text)]
    ours = [block for block in blocks if LOCAL_APP in block]
    return [line.strip() for block in ours for line in CURL.findall(block)]


@pytest.mark.skipif(not LOCAL, reason="addresses of uploads are the local store's")
def test_the_shown_command_lines_do_what_they_say(
    running: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order: what one answers, the next may need. The machine is the first one that `make run` sends for;
    other files know it from the same catalog."""
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    lines, url = curls(), ""
    assert shutil.which("curl"), "curl is missing"
    wired(import_fleet(describe_fleet(1, 1, tmp_path / "fleet.json")))
    for line in lines:
        command = line.replace(LOCAL_APP, running.host.url).replace("URL OF THE ANSWER", url)
        done = subprocess.run(
            ["bash", "-c", command.replace("curl ", "curl --fail ", 1)],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        url = json.loads(done.stdout).get("url", url) if done.stdout.startswith("{") else url
