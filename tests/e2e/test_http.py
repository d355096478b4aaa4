"""The HTTP side through the real host: health and the API while a store is away, and again afterwards."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from azure.storage.blob import BlobServiceClient

from tests.support.devices import Device, send
from tests.support.waiting import finished, until
from vendctl.local.system import ROOT, System


def get(running: System, path: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers in lower case, and the JSON of an answer."""
    status, headers, body = fetch(f"{running.host.url}{path}", {})
    return status, headers, json.loads(body)


def fetch(url: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case, and body."""
    request = urllib.request.Request(url, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, said, body = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            status, said, body = refusal.code, refusal.headers, refusal.read()
    return status, {name.lower(): value for name, value in said.items()}, body


def host_key(running: System, kind: str = "default") -> str:
    """The key that opens every function of the app (``master``: the admin endpoints too)."""
    with BlobServiceClient.from_connection_string(running.environment["AzureWebJobsStorage"]) as service:
        container = service.get_container_client("azure-webjobs-secrets")
        (name,) = container.list_blob_names()
        key: str = json.loads(container.download_blob(name).readall())[kind]
        return key


def test_a_store_that_is_away_is_named_and_comes_back(running: System) -> None:
    status, _, found = get(running, "/api/health")
    assert (status, set(found["stores"].values())) == (200, {"ok"})
    assert get(running, "/api/v1/fleet/summary")[0] == 200
    running.stack.stop_cosmos()
    try:
        # An answer about health stands for five seconds.
        until(lambda: get(running, "/api/health")[0] == 503, "health tells it")
        status, _, found = get(running, "/api/health")
        wrong = {store.partition("/")[0] for store, said in found["stores"].items() if said != "ok"}
        assert (status, found["status"], wrong) == (503, "unavailable", {"cosmos"})
        until(lambda: get(running, "/api/v1/fleet/summary")[0] == 503, "the API says 503")
        _, headers, found = get(running, "/api/v1/fleet/summary")
        assert headers["content-type"] == "application/problem+json"
        assert int(headers["retry-after"]) >= 1
        assert found["title"] == "Service Unavailable"
    finally:
        running.stack.start_cosmos()
    until(lambda: get(running, "/api/health")[0] == 200, "health is good again")
    until(lambda: get(running, "/api/v1/fleet/summary")[0] == 200, "the API answers again")


def test_data_need_the_host_key_and_the_page_does_not(running: System) -> None:
    only = ["get_machines", "get_health", "get_dashboard", "get_dashboard_file"]
    guarded = running.stack.start_functions(
        ROOT, settings=running.environment, arguments=["--enable-auth", "--only", *only]
    )
    try:
        key = host_key(running)
        for path in ("/dashboard", "/dashboard/static/dashboard.js", "/api/health"):
            assert fetch(f"{guarded.url}{path}", {})[0] == 200, path
        machines = f"{guarded.url}/api/v1/machines"
        assert fetch(machines, {})[0] == 401
        assert fetch(machines, {"x-functions-key": f"{key}x"})[0] == 401
        assert fetch(machines, {"x-functions-key": key})[0] == 200
        assert fetch(f"{machines}?limit=1&code={key}", {})[0] == 200
    finally:
        guarded.stop()
        running.stack.hosts.remove(guarded)


def test_the_wire_form_of_answers(running: System) -> None:
    status, headers, found = get(running, "/api/v1/machines?limit=1")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert set(found) == {"machines", "next", "total"}
    status, headers, found = get(running, "/api/v1/machines?limit=0")
    assert (status, headers["content-type"], found["status"]) == (400, "application/problem+json", 400)


def raw(running: System, request: bytes) -> bytes:
    """What the host sends back, to the end of the connection."""
    with socket.create_connection(("localhost", running.host.port), timeout=60) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


HEAD = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


def test_uptime_checks_ask_with_head(running: System) -> None:
    for path, status in ((b"/api/health", b"200"), (b"/dashboard", b"200"), (b"/", b"302")):
        head, _, body = raw(running, b"HEAD " + path + HEAD + b"\r\n").partition(b"\r\n\r\n")
        assert (head.split()[1], body) == (status, b""), path
    for verb, status in ((b"HEAD", b"200"), (b"OPTIONS", b"204"), (b"POST", b"404"), (b"TRACE", b"404")):
        answer = raw(running, verb + b" /api/v1/machines" + HEAD + b"\r\n")
        assert answer.split()[1] == status, "what is not declared is 404, never 405"
    assert b"\r\nAllow: GET, HEAD, OPTIONS\r\n" in raw(running, b"OPTIONS /api/v1/machines" + HEAD + b"\r\n")


def test_no_request_of_a_page_or_a_view_takes_a_body(running: System) -> None:
    """400 by the app; over FUNCTIONS_REQUEST_BODY_SIZE_LIMIT 500 by the host, as on the platform, unread."""
    for path in (b"/", b"/dashboard", b"/dashboard/static/dom.js", b"/api/health", b"/api/v1/machines"):
        answer = raw(running, b"GET " + path + HEAD + b"Content-Length: 4\r\n\r\nbody")
        assert answer.split()[1] == b"400", path
        assert b"takes no body" in answer
        answer = raw(running, b"GET " + path + HEAD + b"Content-Length: 1048577\r\n\r\n")
        assert answer.split()[1] == b"500", path


def test_the_root_copies_no_key(running: System) -> None:
    answer = raw(running, b"GET /?code=SESAME" + HEAD + b"\r\n")
    assert b"\r\nLocation: /dashboard\r\n" in answer
    assert b"SESAME" not in answer
    assert "SESAME" not in (running.stack.data / "functions.log").read_text()


def test_a_gateway_may_send_an_empty_body_in_chunks(running: System) -> None:
    chunked = b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    answer = raw(running, b"GET /api/v1/machines?limit=1" + HEAD + chunked)
    assert answer.split()[1] == b"200"
    assert b'"machines"' in answer


def test_an_encoded_slash_makes_no_other_machine(running: System) -> None:
    """``%2F`` is no separator, it stays in the route, as on the platform."""
    device = Device("slashed")
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, [device.vend()])])
    finished(running.environment)
    machine = f"/api/v1/machines/{device.machine}"
    assert get(running, machine)[2]["machineId"] == device.machine
    assert get(running, f"{machine}/sales")[2]["sales"]
    for path in (f"{machine}%2Fsales", f"{machine}%2F", f"{machine}%2Fsales/sales"):
        status, _, found = get(running, path)
        assert (status, found["title"]) == (404, "Not Found"), path
