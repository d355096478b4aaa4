"""Who may do what, on the Functions host: every route with every credential, in both modes.

What each cell has to answer is worked out here from the roles alone, by a rule of its own. The routes are
those that the app declares, and one of each role (tests/support/doors.py), so that none is without a route.
"""

import asyncio
import base64
import json
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from blueprints.routes import ROUTES, Route
from devstack.stack import FunctionsHost
from tests.support import device_tokens
from tests.support.backends import LOCAL
from tests.support.doors import DOORS
from tests.support.metadata import functions
from vendctl.issuing import DeviceStores, issue, revoke
from vendctl.local.system import ROOT, System
from vending import wiring
from vending.access.roles import Role
from vending.events.publishers import Publisher

pytestmark = pytest.mark.skipif(not LOCAL, reason="starts hosts of its own, with keys and without")

APP = """
import importlib.util
import sys

sys.path.insert(0, {root!r})
found = importlib.util.spec_from_file_location("the_app", {root!r} + "/function_app.py")
module = importlib.util.module_from_spec(found)
found.loader.exec_module(module)
app = module.app
from tests.support.doors import blueprint

app.register_functions(blueprint())
"""
FILE = "app_with_doors.py"
"""Not function_app.py: of that name there is one on the path already."""
assert functions(), "the routes are declared when the app is imported"
ALL = ROUTES | DOORS
MACHINE, OTHER = "vm-doors", "vm-next-door"
PARAMETER = re.compile(r"\{\**(\w+)[^}]*\}")
Credentials = dict[str, dict[str, str]]

# --- what has to be -----------------------------------------------------------------------------------------
FUNCTION_KEYS = {"function key", "host key", "master key"}
OPENS = {
    "keys": {
        Role.READ: FUNCTION_KEYS,
        Role.OPERATE: FUNCTION_KEYS,
        Role.ADMIN: {"master key"},
        Role.DEVICE: {"token"},
    },
    "principals": {
        Role.READ: {"reader", "operator", "admin"},
        Role.OPERATE: {"operator", "admin"},
        Role.ADMIN: {"admin"},
        Role.DEVICE: {"token"},
    },
}
KNOWN = {"nobody's role", "reader", "operator"}
"""People that are signed in: 403 where another one would get 401."""
KNOWN_DEVICES = {"token of another machine", "superseded token"}


def expected(mode: str, role: Role, credential: str) -> int | None:
    """The status of the door, or None where it opens."""
    if role is Role.ANYBODY or credential in OPENS[mode][role]:
        return None
    if role is Role.DEVICE:
        return 403 if credential in KNOWN_DEVICES else 401
    return 403 if mode == "principals" and credential in KNOWN else 401


# --- what is asked ------------------------------------------------------------------------------------------
def principal(*roles: str, provider: str = "aad") -> dict[str, str]:
    claims = [{"typ": "roles", "val": role} for role in roles]
    claims.append({"typ": "preferred_username", "val": "ada@vend.example"})
    text = json.dumps({"auth_typ": provider, "claims": claims, "role_typ": "roles"})
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(text.encode()).decode()}


def token(connection: str, publisher: Publisher, days: int = 1) -> dict[str, str]:
    return {"Authorization": device_tokens.token(publisher, connection, days)}


class Hub:
    """The hub's own list of revoked publishers, which the API does not ask."""

    async def add(self, publisher: str) -> None:
        """Nothing."""


async def issued() -> dict[str, Publisher]:
    """Publishers on record in the catalog: one that counts, one that is revoked, one that was replaced."""
    stores = DeviceStores(wiring.catalog(), wiring.machines(), wiring.conditions())
    now = datetime.now(UTC)
    try:
        old = await issue(stores, "dev-old", MACHINE, now, now + timedelta(days=1))
        good = await issue(stores, "dev-good", MACHINE, now, now + timedelta(days=1))
        shut = await issue(stores, "dev-shut", OTHER, now, now + timedelta(days=1))
        await revoke(stores, Hub(), "dev-shut", None, now)
        return {"good": good, "old": old, "shut": shut}
    finally:
        await wiring.close()


@pytest.fixture(scope="module")
def publishers(running: System) -> dict[str, Publisher]:
    before = dict(os.environ)
    os.environ.update(running.environment)
    try:
        return asyncio.run(issued())
    finally:
        os.environ.clear()
        os.environ.update(before)


def shown(running: System, found: Mapping[str, Publisher], keys: Mapping[str, str]) -> Credentials:
    """What a caller may show, by its name in the table above."""
    connection = running.environment["DEVICES"]
    good = token(connection, found["good"])
    return {
        "nothing": {},
        "wrong key": {"x-functions-key": "wrong"},
        "reader": principal("Fleet.Read"),
        "operator": principal("Fleet.Operate"),
        "admin": principal("Fleet.Admin"),
        "nobody's role": principal("Fleet.Owner"),
        "another provider": principal("Fleet.Admin", provider="github"),
        "no principal": {"X-MS-CLIENT-PRINCIPAL": "e30="},
        "token": good,
        "token of another machine": token(connection, Publisher("dev-x", OTHER, 1)),
        "superseded token": token(connection, found["old"]),
        "expired token": token(connection, found["good"], days=-1),
        "tampered token": {"Authorization": good["Authorization"].replace("&se=1", "&se=2")},
        "another policy": {"Authorization": re.sub("skn=.*", "skn=devices", good["Authorization"])},
        "another key": token(connection.replace("SAS_KEY_VALUE", "other"), found["good"]),
    } | {name: {"x-functions-key": key} for name, key in keys.items()}


@contextmanager
def secrets(running: System) -> Iterator[ContainerClient]:
    """Where hosts keep their keys."""
    with BlobServiceClient.from_connection_string(running.environment["AzureWebJobsStorage"]) as service:
        yield service.get_container_client("azure-webjobs-secrets")


def newest(container: ContainerClient) -> str:
    """The keys of the host that was started last."""
    return str(max(container.list_blobs(), key=lambda blob: blob.last_modified).name)


def keys_of(running: System) -> dict[str, str]:
    """The master key, the host's, and of each function its own."""
    with secrets(running) as container:
        own = json.loads(container.download_blob(newest(container)).readall())
    return {"master key": own["master"], "host key": own["default"]} | {
        f"key of {name}": key for name, key in own["functions"].items()
    }


def ask(
    host: FunctionsHost, declared: Route, headers: Mapping[str, str]
) -> tuple[int, dict[str, str], bytes]:
    path = PARAMETER.sub(lambda found: MACHINE if found[1] == "machineId" else "x", declared.path)
    path = "" if "maxlength(0)" in declared.path else path
    request = urllib.request.Request(
        f"{host.url}/{path}", headers=dict(headers), method=declared.method, data=None
    )
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, lower(answer.headers), answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, lower(refusal.headers), refusal.read()


def lower(headers: Message) -> dict[str, str]:
    """The headers by their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """302 is an answer."""

    def redirect_request(self, *_: object) -> None:
        return None


@pytest.fixture(scope="module", params=["keys", "principals"])
def door(
    request: pytest.FixtureRequest, running: System, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, FunctionsHost]]:
    """A host of the app and the doors: with keys, or as where App Service Authentication is on."""
    mode: str = request.param
    folder = tmp_path_factory.mktemp(f"doors-{mode}")
    shutil.copy(ROOT / "host.json", folder)
    (folder / FILE).write_text(APP.format(root=str(ROOT)))
    more = {"PYTHON_SCRIPT_FILE_NAME": FILE}
    if mode == "principals":
        more["WEBSITE_AUTH_ENABLED"] = "True"
    host = running.stack.start_functions(
        folder,
        settings=running.environment | more,
        arguments=["--enable-auth", "--only", *ALL],
        log=Path(folder / "functions.log"),
    )
    yield mode, host
    host.stop()
    running.stack.hosts.remove(host)
    with secrets(running) as container:  # others take the one set of keys that is there
        container.delete_blob(newest(container))


@pytest.mark.timeout(600)
def test_every_route_with_every_credential(
    door: tuple[str, FunctionsHost], running: System, publishers: dict[str, Publisher]
) -> None:
    mode, host = door
    cells = list(all_cells(running, publishers))

    def fault(cell: tuple[str, str, dict[str, str]]) -> str | None:
        name, credential, headers = cell
        found = differs(mode, ALL[name].role, credential, ask(host, ALL[name], headers))
        return found and f"{name} with {credential}: {found}"

    with ThreadPoolExecutor(8) as several:
        assert [found for found in several.map(fault, cells) if found] == []
    assert len(cells) >= len(ALL) * 18


def all_cells(
    running: System, publishers: Mapping[str, Publisher]
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each route with each credential: the function's name, the credential's, and the headers."""
    keys = keys_of(running)
    for name in ALL:
        other = "door_read" if name != "door_read" else "door_admin"
        given = {
            "master key": keys["master key"],
            "host key": keys["host key"],
            "function key": keys[f"key of {name}"],
            "key of another function": keys[f"key of {other}"],
        }
        for credential, headers in shown(running, publishers, given).items():
            yield name, credential, headers


def differs(mode: str, role: Role, credential: str, answer: tuple[int, dict[str, str], bytes]) -> str | None:
    """What is wrong with an answer: a door that should be shut or open, or one that does not say why."""
    status, said, body = answer
    must, shut = expected(mode, role, credential), status in (401, 403, 429)
    if must != (status if shut else None):
        return f"{status} instead of {must or 'an open door'}: {body[:200]!r}"
    by_app = mode == "principals" or role is Role.DEVICE
    if shut and by_app and said.get("content-type") != "application/problem+json":
        return f"{status} without a reason: {said}"
    return None


def test_a_revoked_token_opens_nothing_of_its_own_machine(
    door: tuple[str, FunctionsHost], running: System, publishers: dict[str, Publisher]
) -> None:
    _, host = door
    shut = token(running.environment["DEVICES"], publishers["shut"])
    own = Route("POST", DOORS["door_device"].path.replace("{machineId}", OTHER), Role.DEVICE)
    status, _, body = ask(host, own, shut)
    assert (status, b"revoked" in body) == (403, True)


def test_the_handler_knows_who_asks(
    door: tuple[str, FunctionsHost], running: System, publishers: dict[str, Publisher]
) -> None:
    mode, host = door
    key = {"x-functions-key": keys_of(running)["host key"], "X-Operator": "ada"}
    for role, headers, name in (
        (Role.OPERATE, key if mode == "keys" else principal("Fleet.Operate"),
         "key (says ada)" if mode == "keys" else "ada@vend.example"),
        (Role.DEVICE, token(running.environment["DEVICES"], publishers["good"]), "device dev-good"),
        (Role.ANYBODY, {}, "anybody"),
    ):  # fmt: skip
        status, _, body = ask(host, DOORS[f"door_{role.name.lower()}"], headers)
        assert (status, json.loads(body)["name"]) == (200, name)
