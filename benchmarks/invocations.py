"""What one invocation costs in the Functions host, by trigger: from the trigger's payload to the outcome.

``python -m benchmarks.invocations`` calls functions that do nothing, one after another, through the host's
invoker and one worker process with the official library: encoding, the pipe, decoding, return rules. What the
listener does besides (receiving, leases, checkpoints) is not in it. Medians, wall clock.
"""

import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azure.eventhub._pyamqp.message import Message

from devstack.functions import log
from devstack.functions.config import Configuration
from devstack.functions.invoker import Call, Invoker
from devstack.functions.listeners import event_metadata
from devstack.functions.model import TRIGGERS, build
from devstack.functions.outputs import Outputs
from devstack.functions.storage import Storage
from devstack.functions.workers import WorkerPool, environment
from devstack.tests.functions.messages import placed, received

CALLS = 100
BATCH = 100
HEAD = "import typing\nimport azure.functions as func\napp = func.FunctionApp()\n"
DECORATORS = {
    "eventHubTrigger": (
        (
            '@app.event_hub_message_trigger(arg_name="it", event_hub_name="h", connection="C",'
            " cardinality=func.Cardinality.MANY, data_type=func.DataType.BINARY)"
        ),
        "typing.List[func.EventHubEvent]",
    ),
    "cosmosDBTrigger": (
        '@app.cosmos_db_trigger(arg_name="it", connection="C", database_name="d", container_name="c")',
        "func.DocumentList",
    ),
    "timerTrigger": ('@app.timer_trigger(arg_name="it", schedule="0 0 0 1 1 *")', "func.TimerRequest"),
    "queueTrigger": (
        '@app.queue_trigger(arg_name="it", queue_name="q", connection="C")',
        "func.QueueMessage",
    ),
    "blobTrigger": ('@app.blob_trigger(arg_name="it", path="a/{name}", connection="C")', "func.InputStream"),
    "httpTrigger": ('@app.route("r")', "func.HttpRequest"),
}


def source() -> str:
    """An app with two functions of each trigger: asynchronous and synchronous."""
    text = HEAD
    for (kind, (decorator, annotation)), word in itertools.product(DECORATORS.items(), ("async ", "")):
        name = f"{kind}_{'async' if word else 'sync'}"
        argument = "req" if kind == "httpTrigger" else "it"
        result, body = ("str", 'return ""') if kind == "httpTrigger" else ("None", "return")
        text += f"{decorator}\n{word}def {name}({argument}: {annotation}) -> {result}:\n    {body}\n"
    return text


def calls() -> dict[str, Callable[[], Call]]:
    """How each trigger's call is built: 100 events or documents, a kilobyte of blob, a short message."""
    events = [received(Message(message_annotations=placed(number, key="dev-17"), data=[b"x" * 300]))
              for number in range(BATCH)]  # fmt: skip
    documents = json.dumps([{"id": str(number), "pk": "a", "text": "x" * 300} for number in range(BATCH)])
    blob: dict[str, Any] = {
        "Uri": ("json", '"http://localhost/a/b"'), "Properties": ("json", '{"Length": 1024}'),
        "BlobTrigger": ("string", "a/b"),
    }  # fmt: skip
    message: dict[str, Any] = {"Id": ("string", "1"), "DequeueCount": ("json", "1")}
    timer = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False})
    request = {
        "method": ("string", "GET"), "url": ("string", "http://localhost/api/r"), "body": ("bytes", b""),
        "headers": {"host": ("string", "localhost")}, "query": {}, "params": {},
    }  # fmt: skip

    def batch() -> Call:
        payload = event_metadata.payload(events, data_type="binary", cardinality_many=True)
        return Call(payload, event_metadata.many(events, {"PartitionId": "0"}, "f"))

    return {
        "eventHubTrigger": batch,
        "cosmosDBTrigger": lambda: Call(("string", documents)),
        "timerTrigger": lambda: Call(("json", timer)),
        "queueTrigger": lambda: Call(("string", "a message"), message),
        "blobTrigger": lambda: Call(("bytes", b"x" * 1024), blob),
        "httpTrigger": lambda: Call(("http", request)),
    }


async def measure(app: Path) -> list[dict[str, Any]]:
    """One figure for each function."""
    configuration = Configuration(app, {"version": "2.0"}, {}, dict(os.environ))
    pool = WorkerPool(app, environment(app, configuration.settings, "WARNING"), 1)
    figures: list[dict[str, Any]] = []
    try:
        functions = {one.name: one for one in map(build, await pool.start())}
        async with Storage(configuration) as storage:
            invoker = Invoker(pool, Outputs(configuration, storage), None)
            for (kind, make), way in itertools.product(calls().items(), ("async", "sync")):
                took = [await timed(invoker, functions[f"{kind}_{way}"], make) for _ in range(CALLS)]
                size = f"us/{BATCH}" if kind in ("eventHubTrigger", "cosmosDBTrigger") else "us"
                word = TRIGGERS[kind].lower().replace(" ", "_")
                figures.append({"name": f"host.invocation.{word}.{way}",
                                "value": round(statistics.median(took) * 1e6, 1), "unit": size})  # fmt: skip
    finally:
        await pool.stop()
    return figures


async def timed(invoker: Invoker, function: Any, make: Callable[[], Call]) -> float:
    """Seconds of one invocation. Raises RuntimeError when it fails: nothing was measured then."""
    began = time.perf_counter()
    outcome = await invoker.once(function, make())
    took = time.perf_counter() - began
    if not outcome.ok:
        raise RuntimeError(f"{function.name}: {outcome.error}")
    return took


def main() -> int:
    """Print the figures."""
    log.quiet = True
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "function_app.py").write_text(source())
        figures = asyncio.run(measure(Path(folder)))
    print(json.dumps({"figures": figures}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
