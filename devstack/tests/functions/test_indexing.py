"""What stops a host at start-up, and what each message says; the worker library's entry point.

Rules: azure-functions-runtime (loader, functions: indexing), Core Tools AppSettingsFile (IsEncrypted).
"""

import inspect
import itertools
import json
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from azure_functions_runtime import handle_event, native_invocation  # type: ignore[import-untyped]

from devstack.functions.model import TRIGGERS, build
from devstack.functions.workers import WorkerPool, environment
from devstack.tests.functions.hosting import PATIENCE, SAMPLE, Hosted, Services

HEAD = "import typing\nimport azure.functions as func\napp = func.FunctionApp()\n"
WRONG = {
    "the queue's name is missing a setting": (
        (
            '@app.queue_trigger(arg_name="m", queue_name="%NO_SUCH%", connection="AzureWebJobsStorage")\n'
            "def f(m: func.QueueMessage) -> None: ...\n"
        ),
        ("'f'", "queueTrigger", "%NO_SUCH%", "local.settings.json"),
    ),
    "a connection that is not there": (
        (
            '@app.queue_trigger(arg_name="m", queue_name="q", connection="NOWHERE")\n'
            "def f(m: func.QueueMessage) -> None: ...\n"
        ),
        ("'f'", "'NOWHERE'", "no such app setting"),
    ),
    "a schedule": (
        '@app.timer_trigger(arg_name="t", schedule="every day")\ndef f(t: func.TimerRequest) -> None: ...\n',
        ("'f'", "NCRONTAB", "every day"),
    ),
    "a retry policy where this host has none": (
        (
            '@app.blob_trigger(arg_name="m", path="c/{n}", connection="AzureWebJobsStorage")\n'
            '@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")\n'
            "def f(m: func.InputStream) -> None: ...\n"
        ),
        ("'f'", "retry policies", "Remove it"),
    ),
    "an output that is not served": (
        (
            '@app.route("f")\n@app.blob_output(arg_name="b", path="c/d", connection="AzureWebJobsStorage")\n'
            'def f(req: func.HttpRequest, b: func.Out[str]) -> str: return ""\n'
        ),
        ("'f'", "blob 'b'", "SDK"),
    ),
    "a trigger that is not served": (
        (
            '@app.service_bus_queue_trigger(arg_name="m", queue_name="q", connection="AzureWebJobsStorage")\n'
            "def f(m: func.ServiceBusMessage) -> None: ...\n"
        ),
        ("'f'", "serviceBusTrigger", "this host has no such trigger"),
    ),
    "a parameter that is no binding": (
        '@app.route("f")\ndef f(req: func.HttpRequest, other: str) -> str: return ""\n',
        ("f function", "other"),
    ),
    "a retry interval over a day": (
        (
            '@app.timer_trigger(arg_name="t", schedule="0 0 0 1 1 *")\n'
            '@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="25:00:00")\n'
            "def f(t: func.TimerRequest) -> None: ...\n"
        ),
        ("25:00:00",),
    ),
    "an annotation that the library refuses": (
        (
            '@app.event_hub_message_trigger(arg_name="e", event_hub_name="h", connection="EVENTS",'
            " cardinality=func.Cardinality.MANY)\n"
            "def f(e: list[func.EventHubEvent]) -> None: ...\n"
        ),
        ("f function",),
    ),
    "a union of the new syntax": (
        (
            '@app.queue_trigger(arg_name="m", queue_name="q", connection="AzureWebJobsStorage")\n'
            "def f(m: func.QueueMessage | None) -> None: ...\n"
        ),
        ("f function",),
    ),
    "two functions of one name": (
        (
            '@app.route("a")\ndef f(req: func.HttpRequest) -> str: return ""\n'
            '@app.route("b")\n@app.function_name("f")\ndef g(req: func.HttpRequest) -> str: return ""\n'
        ),
        ("f", "unique"),
    ),
    "two triggers": (
        (
            '@app.route("a")\n@app.timer_trigger(arg_name="t", schedule="0 0 0 1 1 *")\n'
            'def f(req: func.HttpRequest, t: func.TimerRequest) -> str: return ""\n'
        ),
        ("trigger",),
    ),
    "a route constraint": (
        '@app.route("f/{id:odd}")\ndef f(req: func.HttpRequest) -> str: return ""\n',
        ("'f'", "odd", "constraints are"),
    ),
    "an import": ("import no_module_of_this_name\n", ("no_module_of_this_name",)),
    "no app": ("app = None\n", ("top level function app",)),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_app_is_refused_with_its_reason(
    hosts: Callable[..., Hosted], tmp_path: Path, case: str
) -> None:
    """Exit code 1; the message names the function, the binding and what to do."""
    source, words = WRONG[case]
    app = tmp_path / "app"
    app.mkdir()
    (app / "host.json").write_text('{"version": "2.0"}')
    (app / "function_app.py").write_text(HEAD + source)
    nowhere = Services(
        "UseDevelopmentStorage=true", "Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b"
    )
    host = hosts(nowhere, app=app)
    assert host.launch().wait(PATIENCE) == 2
    log = host.log()
    assert "devstack functions: " in log
    for word in words:
        assert word in log


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("local.settings.json", {"Values": {}}, "IsEncrypted"),
        ("local.settings.json", {"IsEncrypted": False, "Values": {"A": 1}}, "flat texts"),
        ("host.json", {"version": "1.0"}, '"2.0"'),
        ("host.json", {"version": "2.0", "functionTimeout": "soon"}, "functionTimeout"),
        ("host.json", {"version": "2.0", "extensions": {"queues": {"batchSize": 64}}}, "batchSize"),
        (
            "host.json",
            {"version": "2.0", "extensions": {"queues": {"messageEncoding": "hex"}}},
            "messageEncoding",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_reason(
    hosts: Callable[..., Hosted], tmp_path: Path, name: str, content: dict[str, object], word: str
) -> None:
    """Each names the file or key and the value that was found."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "host.json").write_text('{"version": "2.0"}')
    (app / name).write_text(json.dumps(content))
    (app / "function_app.py").write_text(
        HEAD + '@app.queue_trigger(arg_name="m", queue_name="q", connection="AzureWebJobsStorage")\n'
        "def f(m: func.QueueMessage) -> None: ...\n"
    )
    host = hosts(Services("UseDevelopmentStorage=true"), app=app)
    assert host.launch().wait(PATIENCE) == 2
    assert word in host.log()


def test_what_is_wrong_with_one_function_stops_only_that_one(
    hosts: Callable[..., Hosted], storage: str, tmp_path: Path
) -> None:
    """Measured: a missing setting, connection or binding type disables its function; the others run."""
    cases = ("the queue's name is missing a setting", "a connection that is not there", "a schedule",
             "an output that is not served", "a trigger that is not served")  # fmt: skip
    sources = [WRONG[case][0] for case in cases]
    named = [source.replace("def f(", f"def wrong{number}(") for number, source in enumerate(sources)]
    right = '@app.route("right")\ndef right(req: func.HttpRequest) -> str: return "runs"\n'
    app = tmp_path / "app"
    app.mkdir()
    (app / "host.json").write_text('{"version": "2.0"}')
    (app / "function_app.py").write_text(HEAD + right + "".join(named))
    host = hosts(Services(storage), app=app).start()
    assert host.request("/api/right")[2] == b"runs"
    assert [one["name"] for one in json.loads(host.request("/admin/functions")[2])] == ["right"]
    for number in range(len(sources)):
        [line] = [one for one in host.log().splitlines() if f"'wrong{number}'" in one]
        assert line.endswith("The function does not run")
        [error] = json.loads(host.request(f"/admin/functions/wrong{number}/status")[2])["errors"]
        assert error in line
    assert json.loads((host.folder / "ready.json").read_text())["functions"] == ["right"]


def test_the_worker_librarys_private_entry_is_the_one_we_know() -> None:
    """``native_invocation`` is not in ``__all__``: a new version may move it, so version and signature are
    pinned.
    """
    assert version("azure-functions-runtime") == "1.3.0"
    assert inspect.iscoroutinefunction(native_invocation.invocation_request_native)
    assert list(inspect.signature(native_invocation.invocation_request_native).parameters) == [
        "invocation_id", "function_id", "inputs", "trigger_metadata", "trace_parent", "trace_state",
        "retry_count",        "max_retry_count", "retry_exception",
    ]  # fmt: skip
    assert callable(handle_event._functions.get_function)


async def test_the_sample_app_has_every_trigger_synchronous_and_asynchronous() -> None:
    """The app that every rule is tried with leaves no trigger and no way of writing a function out."""
    pool = WorkerPool(SAMPLE, environment(SAMPLE, dict(os.environ), "WARNING"), 1)
    try:
        found = [build(one) for one in await pool.start()]
    finally:
        await pool.stop()
    assert {(one.kind, one.is_async) for one in found} == set(itertools.product(TRIGGERS, (True, False)))
