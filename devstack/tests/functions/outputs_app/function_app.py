"""Output bindings: every shape that azure.functions lets through, for queues, Event Hubs and Cosmos DB."""

import json
from typing import List  # noqa: UP035 - list[...] fails the indexing of the worker library

import azure.functions as func
from recorder import record

app = func.FunctionApp()
STORAGE = "AzureWebJobsStorage"
HUB = {"event_hub_name": "%HUB%", "connection": "EVENTS"}
ITEMS = {"connection": "COSMOS", "database_name": "%DATABASE%", "container_name": "items"}
MADE = {**ITEMS, "container_name": "made", "create_if_not_exists": True, "partition_key": "/pk"}


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-text", connection=STORAGE)
@app.event_hub_output(arg_name="out", **HUB)
def hub_text(message: func.QueueMessage, out: func.Out[str]) -> None:
    """One text."""
    out.set(message.get_body().decode())


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-list", connection=STORAGE)
@app.event_hub_output(arg_name="out", **HUB)
def hub_list(message: func.QueueMessage, out: func.Out[List[str]]) -> None:  # noqa: UP006 - see the import
    """One event a line."""
    out.set(message.get_body().decode().splitlines())


@app.queue_trigger(
    arg_name="message", queue_name="%PREFIX%-raw", connection=STORAGE, data_type=func.DataType.BINARY
)
@app.event_hub_output(arg_name="out", **HUB)
def hub_bytes(message: func.QueueMessage, out: func.Out[bytes]) -> None:
    """Bytes."""
    out.set(message.get_body())


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-return", connection=STORAGE)
@app.event_hub_output(arg_name="$return", **HUB)
async def hub_return(message: func.QueueMessage) -> str:
    """The return value."""
    return message.get_body().decode()


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-large", connection=STORAGE)
@app.event_hub_output(arg_name="out", **HUB)
def hub_large(message: func.QueueMessage, out: func.Out[str]) -> None:
    """As many bytes as the message says."""
    record("hub_large", count=message.dequeue_count)
    out.set("x" * int(message.get_body()))


@app.event_hub_message_trigger(
    arg_name="batch", cardinality=func.Cardinality.MANY, data_type=func.DataType.BINARY, **HUB
)
def heard(batch: List[func.EventHubEvent]) -> None:  # noqa: UP006 - see the import
    """What arrived."""
    record("heard", bodies=[event.get_body().decode("latin-1") for event in batch])


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-document", connection=STORAGE)
@app.cosmos_db_output(arg_name="out", **ITEMS)
def one_document(message: func.QueueMessage, out: func.Out[func.Document]) -> None:
    """One document."""
    record("one_document", count=message.dequeue_count)
    out.set(func.Document.from_json(message.get_body().decode()))


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-documents", connection=STORAGE)
@app.cosmos_db_output(arg_name="out", **MADE)
def many_documents(message: func.QueueMessage, out: func.Out[func.DocumentList]) -> None:
    """Several, into a container that is made."""
    found = json.loads(message.get_body())
    out.set(func.DocumentList([func.Document.from_dict(one) for one in found]))


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-returned", connection=STORAGE)
@app.cosmos_db_output(arg_name="$return", **ITEMS)
async def returned_document(message: func.QueueMessage) -> func.Document:
    """The return value."""
    return func.Document.from_json(message.get_body().decode())


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-copy", connection=STORAGE)
@app.queue_output(arg_name="out", queue_name="%PREFIX%-COPIED", connection=STORAGE)
def copied(message: func.QueueMessage, out: func.Out[str]) -> None:
    """A text into a queue whose name is written in capitals."""
    out.set(message.get_body().decode())


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-wrap", connection=STORAGE)
@app.queue_output(arg_name="out", queue_name="%PREFIX%-wrapped", connection=STORAGE)
def wrapped(message: func.QueueMessage, out: func.Out[func.QueueMessage]) -> None:
    """A QueueMessage."""
    out.set(func.QueueMessage(body=message.get_body()))
