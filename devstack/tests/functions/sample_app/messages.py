"""Queue and blob triggers, queue outputs."""

import time
from typing import List  # noqa: UP035 - list[...] fails the indexing of the worker library

import azure.functions as func
from recorder import record

messages = func.Blueprint()


@messages.queue_trigger(arg_name="message", queue_name="%PREFIX%-work", connection="AzureWebJobsStorage")
@messages.queue_output(arg_name="out", queue_name="%PREFIX%-done", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage, out: func.Out[str]) -> None:
    """Copies its message to ``done``; ``fail`` raises after setting the output."""
    body = message.get_body().decode()
    record("work", body=body, id=message.id, count=message.dequeue_count, inserted=message.insertion_time)
    out.set(f"done {body}")
    if body == "fail":
        raise RuntimeError("asked to fail")


@messages.queue_trigger(arg_name="message", queue_name="%PREFIX%-slow", connection="AzureWebJobsStorage")
@messages.queue_output(arg_name="$return", queue_name="%PREFIX%-slow-done", connection="AzureWebJobsStorage")
def slow(message: func.QueueMessage) -> str:
    """Takes as many seconds as the message says, then returns it."""
    text = message.get_body().decode()
    record("slow_began", body=text)
    time.sleep(float(text))
    record("slow", body=text)
    return text


@messages.blob_trigger(
    arg_name="blob", path="%PREFIX%-uploads/in/{name}.txt", connection="AzureWebJobsStorage"
)
def uploaded(blob: func.InputStream) -> None:
    """Reads a blob; ``fail`` raises."""
    content = blob.read().decode()
    record("uploaded", blob=blob.name, content=content, length=blob.length, uri=blob.uri)
    if content == "fail":
        raise RuntimeError("asked to fail")


@messages.blob_trigger(
    arg_name="blob",
    path="%PREFIX%-uploads/async/{name}",
    connection="AzureWebJobsStorage",
    source="EventGrid",
)
async def uploaded_async(blob: func.InputStream) -> None:
    """The Event Grid source, fed by the scan here."""
    record("uploaded_async", blob=blob.name, content=blob.read().decode())


@messages.queue_trigger(arg_name="message", queue_name="%PREFIX%-fan", connection="AzureWebJobsStorage")
@messages.queue_output(arg_name="out", queue_name="%PREFIX%-fanned", connection="AzureWebJobsStorage")
def fan(message: func.QueueMessage, out: func.Out[List[str]]) -> None:  # noqa: UP006 - see the import
    """Sends one message for each word."""
    out.set(message.get_body().decode().split())
