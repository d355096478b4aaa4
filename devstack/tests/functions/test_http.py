"""HTTP triggers, admin endpoints, keys, workers.

Rules: azure-functions-host (GrpcMessageConversionExtensions, ScriptRouteHandler, AuthenticationLevelHandler,
HostController, FunctionsController), Core Tools (auth is off unless asked for, port, CORS).
"""

import http.client
import json
import re
from collections.abc import Callable
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from devstack.tests.functions.hosting import Hosted, Services, alive, wait_for

HTTP = (
    "--only",
    "echo",
    "reverse",
    "fail",
    "text",
    "admin_only",
    "process",
    "sleep",
    "crash",
    "yearly",
    "work",
)


def test_requests_and_responses(hosts: Callable[..., Hosted], storage: str) -> None:
    """One host, every rule of a request and a response."""
    host = hosts(Services(storage), *HTTP).start()

    status, headers, body = host.request("/api/echo/12/a/b%20c?x=1&y=", b"\x00\xff", X_Custom="Yes")
    seen = json.loads(body)
    assert (status, headers["x-one"], headers.get_content_type()) == (201, "1", "application/json")
    assert headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in headers
    assert "x-ms-invocation-id" not in headers
    assert seen["method"] == "POST"
    assert seen["route"] == {"id": "12", "rest": "a/b c"}
    assert seen["params"] == {"x": "1"}, "GrpcMessageConversionExtensions: empty query values are dropped"
    assert seen["headers"]["x-custom"] == "Yes", "header names in lower case"
    assert seen["body"] == "00ff"

    binary = bytes(range(256)) * 64
    status, headers, body = host.request("/api/bytes", binary)
    assert (status, body, headers["Set-Cookie"]) == (200, binary[::-1], "a=b; Path=/")
    assert host.request("/api/bytes", b"")[2] == b""
    assert host.request("/api/text")[2] == b"a text", "auth is off: a function-level route needs no key"

    connection = http.client.HTTPConnection("127.0.0.1", host.port)
    connection.request("POST", "/api/bytes", iter([b"in ", b"parts"]), encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    assert connection.getresponse().read() == b"", "a body without Content-Length arrives empty"
    connection.close()

    status, _, body = host.request("/api/fail")
    assert (status, body) == (500, b"")
    assert "asked to fail by GET" in host.log()
    assert host.request("/api/echo/x/y")[0] == 404, "the constraint {id:int}"
    for verb in ("GET", "HEAD", "OPTIONS", "PUT"):
        assert host.request("/api/bytes", method=verb)[0] == 404, "a verb that is not declared"
    assert host.request("/elsewhere")[0] == 404
    assert host.stop() == 0
    listed = f"  echo: HTTP [GET,POST] http://127.0.0.1:{host.port}/api/echo/{{id:int}}/{{*rest}}"
    assert listed in host.log().splitlines()
    line = r"Functions\.text \(Succeeded, Id=[0-9a-f-]{36}, Duration=\d+ms, GET /api/text\)"
    assert len(re.findall(line, host.log())) == 1, "one line for an invocation"


def test_cors_of_local_settings(hosts: Callable[..., Hosted], storage: str) -> None:
    """local.settings.json Host.CORS: the listed origins and no other."""
    host = hosts(Services(storage), *HTTP).start()
    headers = host.request("/api/text", Origin="https://two.example")[1]
    assert headers["Access-Control-Allow-Origin"] == "https://two.example"
    assert "Access-Control-Allow-Origin" not in host.request("/api/text", Origin="https://bad.example")[1]
    status, headers, _ = host.request(
        "/api/bytes", method="OPTIONS", Origin="https://one.example", Access_Control_Request_Method="POST"
    )
    assert (status, headers["Access-Control-Allow-Methods"]) == (204, "POST")


def test_admin_endpoints_and_a_worker_that_ends_by_itself(hosts: Callable[..., Hosted], storage: str) -> None:
    """FunctionsController, HostController; a crash is a failed invocation and a new worker, not the host's
    end.
    """
    host = hosts(Services(storage), *HTTP).start()
    functions = {one["name"]: one for one in json.loads(host.request("/admin/functions")[2])}
    assert functions["echo"]["invoke_url_template"].endswith("/api/echo/{id:int}/{*rest}")
    assert host.status()["state"] == "Running"
    assert host.request("/admin/functions/yearly", b'{"input": ""}')[0] == 202
    assert host.await_records("yearly")[0]["past_due"] is False
    assert host.request("/admin/functions/work", b'{"input": "by hand"}')[0] == 202
    by_hand = host.await_records("work")[0]
    assert (by_hand["body"], by_hand["id"], by_hand["count"]) == ("by hand", None, 0)
    assert host.request("/admin/functions/text", b'{"input": "x"}')[0] == 202, "any trigger"
    assert host.request("/admin/functions/work", b'{"input": 5}')[0] == 400, "the input is a text"
    assert host.request("/admin/functions/nothing", b"{}")[0] == 404
    assert host.request("/admin/functions/yearly", b"[]")[0] == 400
    assert json.loads(host.request("/admin/functions/YEARLY")[2])["name"] == "yearly"
    assert host.request("/admin/functions/yearly/status")[0] == 200
    assert host.request("/admin/functions/nothing")[0] == 404
    assert host.request("/admin/host/ping")[0] == 200
    about = {"id", "state", "version", "versionDetails", "instanceId", "computerName", "processUptime"}
    assert set(host.status()) >= about

    [before] = host.status()["workers"]
    assert host.request("/api/crash")[0] == 500
    assert host.request("/api/pid")[2].decode() != str(before)
    assert not alive(before)
    workers = host.status()["workers"]
    assert host.stop() == 0
    assert not any(alive(pid) for pid in workers)


def test_keys_with_enable_auth(hosts: Callable[..., Hosted], storage: str) -> None:
    """AuthenticationLevelHandler: header first, else ?code=; function level takes function, host or master
    key.
    """
    host = hosts(Services(storage), *HTTP, "--enable-auth").start()
    with BlobServiceClient.from_connection_string(storage) as service:
        blob = service.get_blob_client("azure-webjobs-secrets", f"{host.prefix}/host.json")
        keys = json.loads(blob.download_blob().readall())
    assert host.request("/api/text")[0] == 200, "anonymous"
    assert host.request("/api/pid")[0] == 401
    for key in (keys["functions"]["process"], keys["default"], keys["master"]):
        assert host.request("/api/pid", x_functions_key=key)[0] == 200
        assert host.request(f"/api/pid?code={key}")[0] == 200
    assert host.request("/api/pid", x_functions_key=keys["functions"]["echo"])[0] == 401
    assert host.request(f"/api/pid?code={keys['master']}", x_functions_key="wrong")[0] == 401
    assert host.request("/api/admin-only", x_functions_key=keys["default"])[0] == 401
    assert host.request("/api/admin-only", x_functions_key=keys["master"])[0] == 200
    assert host.request(f"/api/pid?CODE={keys['default']}")[0] == 200, "the name of the query in any case"
    status, headers, _ = host.request("/admin/host/status")
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert host.request("/admin/host/status", x_functions_key="wrong")[0] == 401
    assert host.request("/admin/host/status", x_functions_key=keys["functions"]["echo"])[0] == 403
    assert host.request("/admin/host/status", x_functions_key=keys["default"])[0] == 403
    assert host.request("/admin/host/status", x_functions_key=keys["master"])[0] == 200


def test_worker_processes_and_the_function_timeout(hosts: Callable[..., Hosted], storage: str) -> None:
    """FUNCTIONS_WORKER_PROCESS_COUNT; functionTimeout fails the invocation and replaces its worker."""
    settings = {"FUNCTIONS_WORKER_PROCESS_COUNT": "2", "AzureFunctionsJobHost__functionTimeout": "00:00:01"}
    # The invocation fails at once, its process ends two seconds later.
    host = hosts(Services(storage), *HTTP, settings=settings).start()
    assert len({host.request("/api/pid")[2] for _ in range(4)}) == 2
    before = host.status()["workers"]
    assert host.request("/api/sleep/60")[0] == 500
    assert "FunctionTimedOut" in host.log()
    wait_for(lambda: len(set(host.status()["workers"]) - set(before)) == 1, "the replacement")
    wait_for(lambda: len(host.status()["workers"]) == 2, "two workers")
    assert len(set(before) & set(host.status()["workers"])) == 1
    assert len([pid for pid in before if alive(pid)]) == 1
    assert host.request("/api/text")[2] == b"a text"


def test_a_route_prefix_from_the_environment(hosts: Callable[..., Hosted], storage: str) -> None:
    """AzureFunctionsJobHost__a__b overrides a.b of host.json; AzureWebJobs.NAME.Disabled takes a function
    out.
    """
    settings = {
        "AzureFunctionsJobHost__extensions__http__routePrefix": "",
        "AzureWebJobs.fail.Disabled": "true",
        "AzureWebJobs__process__Disabled": "true",
    }
    host = hosts(Services(storage), *HTTP, settings=settings).start()
    assert host.request("/text")[2] == b"a text"
    assert host.request("/api/text")[0] == 404
    assert host.request("/fail")[0] == 404
    assert host.request("/pid")[0] == 200, "the form with underscores does nothing, as on the platform"


def test_watch_starts_again_when_a_file_changes(
    hosts: Callable[..., Hosted], storage: str, tmp_path: Path
) -> None:
    """A broken edit is told and waited out; the next good one runs."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "host.json").write_text('{"version": "2.0"}')
    source = (
        "import azure.functions as func\napp = func.FunctionApp()\n"
        '@app.route("text")\ndef text(req: func.HttpRequest) -> str:\n    return "WORD"\n'
    )
    (app / "function_app.py").write_text(source.replace("WORD", "old"))
    host = hosts(Services(storage), "--watch", app=app).start()
    assert host.request("/api/text")[2] == b"old"
    (app / "function_app.py").write_text("import nothing_of_the_kind\n")
    wait_for(lambda: "nothing_of_the_kind" in host.log(), "the failure")
    (host.folder / "ready.json").unlink()
    (app / "function_app.py").write_text(source.replace("WORD", "brand new"))
    wait_for((host.folder / "ready.json").exists, "the next start")
    host.port = json.loads((host.folder / "ready.json").read_text())["port"]
    assert host.request("/api/text")[2] == b"brand new"
