"""How requests find their functions, and what the platform's server does around them.

Rules: about 300 requests to the real host and ours; ASP.NET routing; azure-functions-host HttpOptions.
"""

import asyncio
import gzip
import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiohttp import web

from devstack.functions.config import Configuration
from devstack.functions.http_limits import Limits
from devstack.tests.functions.hosting import SAMPLE, Hosted, Services

APP = """
import json
import os
import time
import azure.functions as func
from recorder import record

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

def named(name, *routes, **more):
    def build(req: func.HttpRequest) -> func.HttpResponse:
        seen = {"function": name, "method": req.method, "url": req.url, "route": dict(req.route_params),
                "body": req.get_body().hex()}
        return func.HttpResponse(json.dumps(seen), mimetype="application/json")
    build.__name__ = name
    app.route(*routes, **more)(app.function_name(name)(build))

named("b_specific", "items/special", methods=["GET"])
named("A_general", "items/{id}", methods=["GET"])
named("posted", "items/special", methods=["POST"])
named("rest", "rest/{*rest}")
named("defaulted", "default/{n=x}")
named("expressed", r"digits/{n:regex(^\\d+$)}")

@app.route("object")
def as_object(req: func.HttpRequest) -> str:
    return '{"price":1.10,"at":"2026-01-31T12:34:56.000Z"}'

@app.route("headers")
def headers(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("x", headers={req.params["name"]: req.params["value"]})

@app.route("wait/{file}")
def wait(req: func.HttpRequest) -> str:
    record("wait")
    while not os.path.exists(os.environ["GATES"] + "/" + req.route_params["file"]):
        time.sleep(0.01)
    return "went on"

@app.route("retried")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
def retried(req: func.HttpRequest, context: func.Context) -> str:
    if context.retry_context.retry_count < 2:
        raise ValueError("not yet")
    return "the third"
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The app of this module, as a folder."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "function_app.py").write_text(APP)
    (folder / "recorder.py").symlink_to(SAMPLE / "recorder.py")
    return folder


def _raw(host: Hosted, request: str) -> str:
    """The status line and headers of an answer to these very bytes."""
    with socket.create_connection(("127.0.0.1", host.port), timeout=60) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode("latin-1"))
        return connection.recv(65536).decode("latin-1")


def _seen(host: Hosted, path: str, **words: str) -> dict[str, object]:
    status, _, body = host.request(path, **words)  # type: ignore[arg-type]
    assert status == 200, path
    found: dict[str, object] = json.loads(body)
    return found


def test_requests_find_their_functions_as_on_the_platform(
    hosts: Callable[..., Hosted], storage: str, app: Path
) -> None:
    """Functions in the order of their names, letter case ignored; the first match of route and verb."""
    host = hosts(Services(storage), app=app).start()
    assert _seen(host, "/api/items/special")["function"] == "A_general", "not the most specific route"
    assert _seen(host, "/api/items/special", method="POST")["function"] == "posted"
    for verb in ("TRACE", "PURGE", "PATCH", "HEAD", "OPTIONS"):
        assert host.request("/api/rest", method=verb)[0] == 200, "without methods, any verb"
    assert _seen(host, "/api/rest")["route"] == {"rest": ""}
    assert _seen(host, "/api/rest/a/b/")["route"] == {"rest": "a/b/"}
    assert _seen(host, "/api/default")["route"] == {"n": "x"}
    assert _seen(host, "/api/digits/12")["function"] == "expressed"
    assert host.request("/api/digits/x2")[0] == 404
    assert _seen(host, "/API/Items/a%2Fb%2Bc")["route"] == {"id": "a%2Fb+c"}
    assert _seen(host, "/api/items/a%0Ab")["route"] == {"id": "a\nb"}
    assert str(_seen(host, "/api/items/a%2Bb?x=%2B")["url"]).endswith("/api/items/a+b?x=%2B")
    assert host.request("//api/items/a")[0] == 404
    assert "200 OK" in _raw(host, "GET /api/x/../items/a HTTP/1.1\nHost: a\nConnection: close\n\n")
    for verb in ("GET", "POST", "HEAD", "OPTIONS"):
        assert host.request("/", method=verb)[0] == 200, "the platform's own page"
    assert host.request("/api/object")[2].decode() == '{\n  "price": 1.1,\n  "at": "2026-01-31T12:34:56Z"\n}'
    assert host.request("/api/retried")[2] == b"the third"


def test_what_the_server_refuses(hosts: Callable[..., Hosted], storage: str, app: Path) -> None:
    """Bounds of headers and bodies; answers that cannot be sent are a 500."""
    host = hosts(Services(storage), app=app).start()
    many = "".join(f"x-{number}: a\n" for number in range(120))
    assert " 431 " in _raw(host, f"GET /api/rest HTTP/1.1\nHost: a\nConnection: close\n{many}\n")
    long = "x" * 9000
    assert " 200 " in _raw(host, f"GET /api/rest HTTP/1.1\nHost: a\nConnection: close\nx-long: {long}\n\n")
    assert " 500 " in _raw(host, "GET /api/rest HTTP/1.0\n\n")
    assert " 500 " in _raw(host, f"POST /api/rest HTTP/1.1\nHost: a\nContent-Length: {101 << 20}\n\n")
    packed = gzip.compress(b"text", mtime=0)
    answer = host.request("/api/rest", packed, Content_Encoding="gzip")[2]
    assert json.loads(answer)["body"] == packed.hex(), "not unpacked"
    assert host.request("/api/headers?name=x-a&value=%C3%A4")[0] == 500
    assert host.request("/api/headers?name=Content-Length&value=7")[0] == 500
    assert host.request("/api/headers?name=Content-Length&value=1")[2] == b"x"


def test_requests_over_the_bounds_of_host_json(
    hosts: Callable[..., Hosted], storage: str, app: Path, tmp_path: Path
) -> None:
    """HttpOptions: over the outstanding ones 429; customHeaders on every answer."""
    http = {"maxOutstandingRequests": 1, "customHeaders": {"X-Own": "a"}}
    (app / "host.json").write_text(json.dumps({"version": "2.0", "extensions": {"http": http}}))
    host = hosts(Services(storage), app=app, settings={"GATES": str(tmp_path)}).start()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(host.request, "/api/wait/gate")
        host.await_records("wait")
        assert host.request("/api/rest")[0] == 429
        (tmp_path / "gate").touch()
        assert first.result()[2] == b"went on"
    status, headers, _ = host.request("/api/rest")
    assert (status, headers["X-Own"]) == (200, "a")


async def test_requests_take_turns_within_the_bounds() -> None:
    """maxConcurrentRequests run, others wait, those over maxOutstandingRequests are refused."""
    http = {"maxConcurrentRequests": 1, "maxOutstandingRequests": 2}
    limits = Limits(Configuration(Path(), {"extensions": {"http": http}}, {}, {}))
    gate, running = asyncio.Event(), 0

    async def answer() -> web.Response:
        nonlocal running
        running += 1
        await gate.wait()
        return web.Response(status=200)

    tasks = [asyncio.create_task(limits.guard(answer)) for _ in range(3)]
    assert (await tasks[2]).status == 429
    assert running == 1
    gate.set()
    assert [(await one).status for one in tasks[:2]] == [200, 200]
