"""Output bindings over the local stack: Event Hubs, Cosmos DB and queues, one value and lists.

Rules: Azure/azure-sdk-for-net EventHubAsyncCollector, QueuesExtensionConfigProvider;
azure-webjobs-sdk-extensions CosmosDBAsyncCollector; azure-functions-host FunctionBinding (what becomes of a
value). Two apps have the shape of Microsoft's quickstarts; they were written for these tests.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.cosmos import PartitionKey
from azure.storage.queue import QueueClient

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.model import Function
from devstack.functions.outputs import Outputs
from devstack.functions.storage import Storage
from devstack.tests.functions.hosting import Hosted, Services, wait_for

HERE = Path(__file__).parent
APP = HERE / "outputs_app"
EVENTS = "Endpoint=sb://localhost;SharedAccessKeyName=k;SharedAccessKey=v;UseDevelopmentEmulator=true"


def _send(host: Hosted, queue: str, *messages: str) -> None:
    with host.queue(queue) as client:
        for one in messages:
            client.send_message(one)


def _heard(host: Hosted) -> list[str]:
    return [body for one in host.records("heard") for body in one["bodies"]]


def test_every_shape_of_an_event_hub_output_arrives(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """Text, list, bytes, return value: one event each; a text of JSON written anew, an array several."""
    names = ("hub_text", "hub_list", "hub_bytes", "hub_return", "heard")
    host = hosts(Services(storage, events_server), "--only", *names, app=APP).start()
    _send(host, "text", "a text", '{"n":1.10,"at":"2026-11-26T02:15:56.000Z"}', '["x","y"]')
    _send(host, "list", '{"kept":1.10}\nas it is\n["one"]')
    _send(host, "return", "returned")
    with host.queue("raw") as made, QueueClient.from_connection_string(storage, made.queue_name) as raw:
        raw.send_message(base64.b64encode(b"\x00\xff[1.10]").decode())
    wanted = [
        "a text", '{\n  "n": 1.1,\n  "at": "2026-11-26T02:15:56Z"\n}', "x", "y",
        '{"kept":1.10}', "as it is", '["one"]', "returned", "\x00\xff[1.10]",
    ]  # fmt: skip
    wait_for(lambda: len(_heard(host)) >= len(wanted), "every event")
    assert sorted(_heard(host)) == sorted(wanted)


def test_an_event_that_is_too_large_fails_its_invocation(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """EventHubAsyncCollector: an error, so the queue message is tried again and goes to poison."""
    host = hosts(Services(storage, events_server), "--only", "hub_large", "heard", app=APP).start()
    _send(host, "large", "3000000")
    found = host.await_records("hub_large", 5)
    assert [one["count"] for one in found] == [1, 2, 3, 4, 5]
    wait_for(lambda: "failed 5 times" in host.log(), "poison")
    assert "an event of 3000000 bytes is over the hub's limit of" in host.log()
    _send(host, "large", "10")
    wait_for(lambda: _heard(host) == ["x" * 10], "a small one")


def test_every_shape_of_a_cosmos_db_output_is_stored(
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str
) -> None:
    """Document, DocumentList, return value: upserted; createIfNotExists makes the container with its key."""
    names = ("one_document", "many_documents", "returned_document")
    host = hosts(Services(storage, cosmos=cosmos_server), "--only", *names, app=APP)
    with host.cosmos() as client:
        items = client.create_database(host.prefix).create_container("items", PartitionKey("/pk"))
        host.start()
        dated = "2026-11-26T02:15:56.000Z"
        _send(host, "document", json.dumps({"id": "1", "pk": "p", "at": dated}))
        _send(host, "returned", json.dumps({"id": "2", "pk": "p", "n": 1.5}))
        _send(host, "documents", json.dumps([{"id": str(n), "pk": "q"} for n in range(3)]))

        def stored() -> dict[str, Any]:
            return {one["id"]: one for one in items.read_all_items()}

        wait_for(lambda: len(stored()) == 2, "both documents")
        assert (stored()["1"]["at"], stored()["2"]["n"]) == (dated, 1.5)
        _send(host, "document", json.dumps({"id": "1", "pk": "p", "at": "later"}))
        wait_for(lambda: stored()["1"]["at"] == "later", "the upsert")
        database = client.get_database_client(host.prefix)
        wait_for(lambda: "made" in [one["id"] for one in database.list_containers()], "the container")
        made = database.get_container_client("made")
        wait_for(lambda: len(list(made.read_all_items())) == 3, "three documents")
        assert made.read()["partitionKey"]["paths"] == ["/pk"]


def test_an_output_that_fails_fails_its_invocation(
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str
) -> None:
    """CosmosDBAsyncCollector: a container that is missing is an error that says so; the message is kept."""
    host = hosts(Services(storage, cosmos=cosmos_server), "--only", "one_document", app=APP).start()
    with host.queue("document-poison") as poison:
        _send(host, "document", '{"id": "1", "pk": "p"}')
        wait_for(lambda: poison.peek_messages(), "poison")
    assert len(host.records("one_document")) == 5
    assert "the container 'items' (in database" in host.log()
    assert "does not exist; create it, or set create_if_not_exists" in host.log()


def test_queue_outputs_are_named_and_written_as_on_the_platform(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    """Capitals in the name; a text of JSON written anew; a QueueMessage sent as the object it travels as."""
    host = hosts(Services(storage), "--only", "copied", "wrapped", app=APP).start()
    with host.queue("copied") as copied, host.queue("wrapped") as wrapped:
        _send(host, "copy", '{"n":1.10}')
        _send(host, "wrap", "a body")
        [one] = wait_for(lambda: copied.peek_messages(), "the copy")
        [other] = wait_for(lambda: wrapped.peek_messages(), "the wrapped one")
    assert one.content == '{\n  "n": 1.1\n}'
    assert json.loads(other.content) == {"id": None, "body": "a body"}


def _checked(binding: dict[str, Any], **settings: str) -> None:
    trigger = {"type": "timerTrigger", "name": "t", "direction": "IN"}
    out = {"direction": "OUT", "name": "o"} | binding
    configuration = Configuration(Path(), {}, {}, settings)
    function = Function("id", "f", True, trigger, (trigger, out), None)
    Outputs(configuration, Storage(configuration)).check(function)


HUB = {"type": "eventHub", "eventHubName": "%HUB%", "connection": "E"}
ITEMS = {"type": "cosmosDB", "databaseName": "d", "containerName": "c", "connection": "C"}
COSMOS = "AccountEndpoint=http://localhost:1/;AccountKey=a;"


def test_outputs_resolve_settings_and_connections_at_start() -> None:
    """%NAME% and connections go through the host's configuration, as for triggers."""
    _checked(HUB, E=EVENTS, HUB="events")
    _checked(ITEMS, C=COSMOS)


@pytest.mark.parametrize(
    ("binding", "settings", "said"),
    [
        (HUB, {"HUB": "h"}, "function 'f', eventHub 'o': connection 'E'"),
        (HUB, {"E": EVENTS}, "%HUB% has no value"),
        (HUB, {"E": "AccountKey=1", "HUB": "h"}, "must read Endpoint=sb://"),
        ({**HUB, "eventHubName": "a{b}"}, {"E": EVENTS}, "binding expressions"),
        ({**HUB, "eventHubName": None}, {"E": EVENTS}, "eventHubName is missing"),
        (ITEMS, {}, "function 'f', cosmosDB 'o': connection 'C'"),
        (ITEMS, {"C": EVENTS}, "must read AccountEndpoint="),
        ({**ITEMS, "containerName": ""}, {"C": COSMOS}, "containerName is missing"),
        ({**ITEMS, "preferredLocations": "West"}, {"C": COSMOS}, "preferredLocations is not served"),
    ],
)
def test_what_an_output_lacks_is_told_at_start(
    binding: dict[str, Any], settings: dict[str, str], said: str
) -> None:
    """Function, binding and what to do."""
    with pytest.raises(ConfigurationError, match=said):
        _checked(binding, **settings)


def test_the_event_hubs_quickstart_runs(
    hosts: Callable[..., Hosted], storage: str, events_server: str
) -> None:
    """Timer → event_hub_output → trigger: the array in the text arrives as three events, one article each."""
    host = hosts(
        Services(storage),
        app=HERE / "quickstart_eventhub_app",
        settings={"EventHubConnection": events_server},
    )
    host.start()
    for n in range(3):
        wait_for(lambda n=n: f"Processed article NEWS-{n} of a dict" in host.log(), f"article {n}")  # type: ignore[misc]
    assert "of a list" not in host.log()


def test_the_cosmos_db_quickstart_runs(
    hosts: Callable[..., Hosted], storage: str, cosmos_server: str
) -> None:
    """The change feed trigger with its names from the environment."""
    names = {"COSMOS_CONTAINER_NAME": "documents", "COSMOS_CONNECTION": cosmos_server}
    host = hosts(Services(storage, cosmos=cosmos_server), app=HERE / "quickstart_cosmos_app", settings=names)
    host.settings = {**names, "COSMOS_DATABASE_NAME": host.prefix}
    with host.cosmos() as client:
        container = client.create_database(host.prefix).create_container("documents", PartitionKey("/id"))
        host.start()
        container.upsert_item({"id": "one", "text": "hello"})
        wait_for(lambda: "Changed document one: " in host.log(), "the change")
