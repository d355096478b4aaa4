"""What a worker process gives an app, and when the host gives up.

Rules: azure-functions-python-worker (sys.path, logging, threads), azure-functions-host
(RpcFunctionInvocationDispatcher), each seen on the real host.
"""

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devstack.functions.runtime import RetryException, _named
from devstack.functions.worker_log import DROPPED
from devstack.tests.functions.hosting import Hosted, Services, wait_for

APP = """
import asyncio
import json
import logging
import os
import sys
import threading
import time
import azure.functions as func

log = logging.getLogger("own")
log.warning("at import")
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
left = []

@app.route("logs")
async def logs(req: func.HttpRequest) -> str:
    log.warning("in the function")
    await asyncio.to_thread(log.warning, "in a thread of asyncio")
    thread = threading.Thread(target=log.warning, args=["in a thread"])
    thread.start()
    thread.join()
    await asyncio.create_task(told("in a task of the invocation"))
    left.append(asyncio.create_task(told("after the answer", 0.2)))
    return "logged"

async def told(text, after=0.0):
    await asyncio.sleep(after)
    log.warning(text)

@app.route("sync")
def sync(req: func.HttpRequest) -> str:
    log.warning("in a synchronous function")
    return "logged"

@app.route("path")
def path(req: func.HttpRequest) -> func.HttpResponse:
    threads = os.environ["PYTHON_THREADPOOL_THREAD_COUNT"]
    return func.HttpResponse(json.dumps({"path": sys.path, "threads": threads}))

@app.route("pid")
def pid(req: func.HttpRequest) -> str:
    return str(os.getpid())

@app.route("sleep")
def sleep(req: func.HttpRequest) -> str:
    time.sleep(float(req.params["seconds"]))
    return "woke"
"""


HEAD = "Traceback (most recent call last):"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The app of this module, with a package folder as a deployment has it."""
    folder = tmp_path / "app"
    (folder / ".python_packages" / "lib" / "site-packages").mkdir(parents=True)
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "function_app.py").write_text(APP)
    return folder


def test_what_is_logged_outside_an_invocation_is_marked(
    hosts: Callable[..., Hosted], storage: str, app: Path
) -> None:
    """At import, in threads, after the answer: the platform shows none of it."""
    host = hosts(Services(storage), app=app).start()
    for path in ("/api/logs", "/api/sync"):
        assert host.request(path)[2] == b"logged"
    wait_for(lambda: "after the answer" in host.log(), "the last line")
    lines = {line.rpartition("own: ")[2]: line for line in host.log().splitlines() if "own: " in line}
    kept = {"in the function", "in a task of the invocation", "in a synchronous function"}
    assert {text for text, line in lines.items() if DROPPED not in line} == kept
    assert set(lines) - kept == {"at import", "in a thread of asyncio", "in a thread", "after the answer"}


def test_the_apps_packages_come_first_and_the_app_itself_last(
    hosts: Callable[..., Hosted], storage: str, app: Path
) -> None:
    """sys.path: packages, the worker's folders, the app; a thousand threads for synchronous functions."""
    host = hosts(Services(storage), app=app).start()
    found = json.loads(host.request("/api/path")[2])
    assert found["path"][0] == str(app / ".python_packages" / "lib" / "site-packages")
    assert found["path"][-1] == str(app)
    assert found["path"].count(str(app)) == 1
    assert found["threads"] == "1000"
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: host.request("/api/sleep?seconds=2")[2], range(40)))
    assert answers == [b"woke"] * 40
    lines = [line for line in host.log().splitlines() if "Functions.sleep (Succeeded" in line]
    waited = [int(line.partition("Duration=")[2].partition("ms")[0]) for line in lines]
    assert max(waited) < 30_000, "none waited for another's thread"


def test_the_third_death_of_a_worker_in_half_an_hour_ends_the_host(
    hosts: Callable[..., Hosted], storage: str, app: Path
) -> None:
    """Two are replaced; the third ends the host's process, with its reason."""
    host = hosts(Services(storage), app=app).start()
    for _ in range(2):
        pid = host.request("/api/pid")[2].decode()
        os.kill(int(pid), signal.SIGKILL)
        wait_for(lambda pid=pid: pid not in map(str, host.status()["workers"]), "its end")  # type: ignore[misc]
    os.kill(int(host.request("/api/pid")[2]), signal.SIGKILL)
    assert host.process is not None
    assert host.process.wait(60) == 2
    assert "ended by themselves 3 times within 30 minutes: the host stops" in host.log()


def test_a_timeout_ends_its_worker_with_what_else_it_does_and_is_no_death(
    hosts: Callable[..., Hosted], storage: str, app: Path
) -> None:
    """The invocation fails at once; the process ends two seconds later, others in it fail then."""
    settings = {"AzureFunctionsJobHost__functionTimeout": "00:00:04"}
    host = hosts(Services(storage), "--worker-deaths", "1", app=app, settings=settings).start()
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(host.request, "/api/sleep?seconds=60")
        wait_for(lambda: host.status()["invocationsInFlight"] == 1, "the first")
        assert long.result()[0] == 500
    before = host.status()["workers"]
    assert host.request("/api/pid")[0] == 200, "the next waits for another worker"
    assert host.status()["workers"] != before
    assert "FunctionTimedOut: functionTimeout of 4.0 s exceeded" in host.log()
    assert "after a function timeout" in host.log()


@pytest.mark.parametrize(
    ("error", "trace", "expected"),
    [
        (
            "ValueError('a b')",
            f"{HEAD}\n  File x\nValueError: a b\n",
            "ValueError: a b",
        ),
        ("KeyError('a')", f"{HEAD}\n  x\nKeyError: 'a'\n", "KeyError: 'a'"),
        (
            "Own('a', 1)",
            f"{HEAD}\n  x\npackage.Own: two\nlines",
            "Own: two\nlines",
        ),
        ("Bare()", f"{HEAD}\n  x\nBare\n", "Bare"),
        ("function f not loaded", "", "function f not loaded"),
    ],
)
def test_an_exception_is_told_by_type_and_text(error: str, trace: str, expected: str) -> None:
    """The platform's worker reports ``ValueError: text``, not its repr."""
    assert _named(error, trace) == expected


def test_a_retry_exception_has_message_and_stack() -> None:
    """``retry_context.rpc_exception``."""
    found = RetryException("ValueError: a\nTraceback\n  x")
    assert (found.message, found.stack_trace, found.source) == ("ValueError: a", "Traceback\n  x", "")
    assert RetryException("") == ""
