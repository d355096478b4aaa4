"""Queue, blob and timer triggers at their edges: bodies, names, poison queues, paths, parallel runs."""

import os
import time
from pathlib import Path

import azure.functions as func
from recorder import record

app = func.FunctionApp()
STORAGE = "AzureWebJobsStorage"


@app.queue_trigger(
    arg_name="message", queue_name="%PREFIX%-bytes", connection=STORAGE, data_type=func.DataType.BINARY
)
def as_bytes(message: func.QueueMessage) -> None:
    """Bound as bytes."""
    record("as_bytes", body=message.get_body().hex(), count=message.dequeue_count)


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-TEXT", connection=STORAGE)
def as_text(message: func.QueueMessage) -> None:
    """Bound as a text, from a queue whose name is written in capitals."""
    record(
        "as_text",
        body=message.get_body().decode(),
        id=message.id,
        count=message.dequeue_count,
        receipt=message.pop_receipt,
    )


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-doomed", connection=STORAGE)
def doomed(message: func.QueueMessage) -> None:
    """Fails."""
    raise RuntimeError("asked to fail")


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-retried", connection=STORAGE)
@app.retry(strategy="fixed_delay", max_retry_count="1", delay_interval="00:00:00")
def retried(message: func.QueueMessage, context: func.Context) -> None:
    """Fails, twice with its retry."""
    record("retried", count=message.dequeue_count, attempt=context.retry_context.retry_count)
    raise RuntimeError("asked to fail")


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-doomed-poison", connection=STORAGE)
def undertaker(message: func.QueueMessage) -> None:
    """On a poison queue; fails for ``fail``."""
    body = message.get_body().decode()
    record("undertaker", body=body)
    if body == "fail":
        raise RuntimeError("asked to fail")


@app.blob_trigger(arg_name="blob", path="%PREFIX%-greedy/{dir}/{name}.{ext}", connection=STORAGE)
@app.queue_output(arg_name="$return", queue_name="%PREFIX%-seen", connection=STORAGE)
def greedy(blob: func.InputStream) -> str:
    """Tokens of the path."""
    record("greedy", blob=blob.name)
    return str(blob.name)


@app.blob_trigger(arg_name="blob", path="%PREFIX%-shared/{name}", connection=STORAGE)
def counted(blob: func.InputStream) -> None:
    """Every blob of a container that two hosts watch."""
    record("counted", blob=blob.name)


@app.blob_trigger(arg_name="blob", path="%PREFIX%-doomed/{name}", connection=STORAGE)
def doomed_blob(blob: func.InputStream) -> None:
    """Fails."""
    record("doomed_blob", blob=blob.name)
    raise RuntimeError("asked to fail")


@app.queue_trigger(arg_name="message", queue_name="webjobs-blobtrigger-poison", connection=STORAGE)
def poison_blob(message: func.QueueMessage) -> None:
    """What became of blobs that failed."""
    record("poison_blob", body=message.get_body().decode())


def _held(name: str) -> None:
    record("held_began", function_name=name)
    while not Path(os.environ["GATE"]).exists():
        time.sleep(0.02)
    record("held_ended", function_name=name)


@app.blob_trigger(arg_name="blob", path="%PREFIX%-held/one/{name}", connection=STORAGE)
def held_one(blob: func.InputStream) -> None:
    """Waits for a file."""
    _held("one")


@app.blob_trigger(arg_name="blob", path="%PREFIX%-held/two/{name}", connection=STORAGE)
def held_two(blob: func.InputStream) -> None:
    """Waits for the same file."""
    _held("two")
