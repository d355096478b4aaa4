"""Event Hubs messages of every AMQP form, over the local stack's server, through the host to a function.

Rules: the real trigger's binding data; the real host with a sequence, a map, an integer, null or a text
as the AMQP value body (binding fails before the function, for the whole batch, under its retry policy).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.eventhub import EventData, EventDataBatch, EventHubProducerClient
from azure.eventhub.amqp import AmqpAnnotatedMessage

from devstack.tests.functions.hosting import SAMPLE, Hosted, Services, wait_for
from devstack.tests.functions.messages import GOLDEN, types_of_dotnet

APP = """
import typing
import azure.functions as func
from recorder import record

app = func.FunctionApp()
HUB = {"event_hub_name": "%HUB%", "connection": "EVENTS"}
MANY = {"arg_name": "batch", "cardinality": func.Cardinality.MANY, **HUB}

def tell(name, batch, context):
    retry = context.retry_context
    record(name, bodies=[one.get_body().hex() for one in batch], metadata=batch[0].metadata,
           id=context.invocation_id, trace=context.trace_context.trace_parent,
           retry=[retry.retry_count, retry.max_retry_count, str(retry.rpc_exception)])

@app.event_hub_message_trigger(**MANY, consumer_group="forever", data_type=func.DataType.BINARY)
@app.retry(strategy="fixed_delay", max_retry_count="-1", delay_interval="00:00:00")
def forever(batch: typing.List[func.EventHubEvent], context: func.Context) -> None:
    tell("forever", batch, context)

@app.event_hub_message_trigger(**MANY, consumer_group="twice", data_type=func.DataType.BINARY)
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
def twice(batch: typing.List[func.EventHubEvent], context: func.Context) -> None:
    tell("twice", batch, context)
    if any(one.get_body() == b"fail" for one in batch):
        raise ValueError("asked to fail")

@app.event_hub_message_trigger(**MANY, consumer_group="untyped")
def untyped(batch: typing.List[func.EventHubEvent], context: func.Context) -> None:
    tell("untyped", batch, context)

@app.event_hub_message_trigger(arg_name="one", consumer_group="single", data_type=func.DataType.BINARY, **HUB)
def single(one: func.EventHubEvent, context: func.Context) -> None:
    tell("single", [one], context)
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


def _send(host: Hosted, *messages: AmqpAnnotatedMessage | EventData, **place: Any) -> None:
    client = EventHubProducerClient.from_connection_string(host.services.events, eventhub_name=host.prefix)
    with client, types_of_dotnet():
        batch: EventDataBatch = client.create_batch(**place)
        for one in messages:
            batch.add(one)
        client.send_batch(batch)


def _data(*bodies: str) -> list[EventData]:
    return [EventData(body) for body in bodies]


def _texts(host: Hosted, function: str) -> list[str]:
    return [bytes.fromhex(body).decode() for body in host.bodies(function)]


def _annotated(number: int) -> AmqpAnnotatedMessage:
    """A golden message for the SDK's producer."""
    message = GOLDEN[number]
    properties = message.properties._asdict() if message.properties else {}
    return AmqpAnnotatedMessage(
        data_body=list(message.data or ()),
        application_properties=message.application_properties,
        annotations=message.message_annotations,
        properties=properties,
    )


def test_a_batch_of_every_type_arrives_as_the_real_trigger_hands_it_over(
    hosts: Callable[..., Hosted], storage: str, events_server: str, app: Path
) -> None:
    """The nine messages of the real batch, a char among them, from the producer to the function."""
    host = hosts(Services(storage, events_server), "--only", "forever", app=app)
    _send(host, *map(_annotated, range(7)), partition_id="1")
    host.start()
    [record] = host.await_records("forever")
    own = json.loads((Path(__file__).parent / "trigger_batch.json").read_text())
    found = record["metadata"]
    assert found["PropertiesArray"][:2] == [{}, own["PropertiesArray"][0]]
    system = found["SystemPropertiesArray"]
    assert system[2]["user-id"] == {"Length": 6, "IsEmpty": False}
    assert system[2]["group-sequence"] == 9
    assert system[2]["creation-time"] == "2026-01-31T12:34:56.789+00:00"
    assert {name: system[3][name] for name in ("x-bytes", "x-time", "iothub-enqueuedtime", "x-number")} == {
        "x-bytes": "AQI=",
        "x-time": "2026-01-31T12:34:56.789Z",
        "iothub-enqueuedtime": "2026-01-31T12:34:56.789Z",
        "x-number": 5,
    }
    for number, row in enumerate(system):
        assert (row["SequenceNumber"], str(row["Offset"])) == (number, row["OffsetString"])
    assert found["PartitionContext"] == found["TriggerPartitionContext"]
    assert found["PartitionContext"]["FullyQualifiedNamespace"] == "localhost"
    assert found["PartitionContext"]["IsCheckpointingAfterInvocation"] is True
    assert found["OffsetStringArray"] == found["OffsetArray"]
    assert found["sys"]["MethodName"] == "forever"
    assert record["bodies"][4:] == ["", b"part 1,part 2".hex(), "fffe0041"]
    assert record["trace"] == ""


BAD: dict[str, dict[str, Any]] = {
    "0": {"sequence_body": [["a", 1]]},
    "1": {"value_body": None},
    "2": {"value_body": "a text"},
}


def test_a_body_that_is_no_data_stops_its_partition_and_loses_nothing(
    hosts: Callable[..., Hosted], storage: str, events_server: str, app: Path
) -> None:
    """Under -1 the batch is tried for ever before the function, without a checkpoint; others go on."""
    host = hosts(Services(storage, events_server), "--only", "forever", app=app)
    for partition, body in BAD.items():
        bad = AmqpAnnotatedMessage(**body)
        _send(host, *_data("one", "two"), bad, *_data("three"), partition_id=partition)
    host.start()
    _send(host, *_data("free"), partition_id="3")
    wait_for(lambda: host.checkpoints("forever").get("3") == 0, "the other partition's checkpoint")
    for partition in BAD:
        said = _failures(host, partition)
        for word in ("function 'forever'", "offset ", "sequence number 2", "move its checkpoint"):
            assert word in said[0]
        assert len(set(said)) == 1, "the same words each time"
    tries = {line.partition("Id=")[2][:36] for line in host.log().splitlines() if "forever (Failed" in line}
    assert len(tries) == 3, "a batch that is tried again keeps its invocation id"
    assert _texts(host, "forever") == ["free"]
    assert host.stop() == 0
    assert set(host.checkpoints("forever")) == {"3"}


def _failures(host: Hosted, partition: str) -> list[str]:
    """What three attempts or more said."""
    said = f"partition {partition}: NotSupportedException"

    def found() -> list[str]:
        lines = [line for line in host.log().splitlines() if said in line]
        return lines if len(lines) >= 3 else []

    return wait_for(found, f"three attempts in partition {partition}")


def test_after_n_retries_the_checkpoint_moves_past_the_batch(
    hosts: Callable[..., Hosted], storage: str, events_server: str, app: Path
) -> None:
    """Retries 2: three attempts, then the good neighbours are lost too, as there; the log says so."""
    host = hosts(Services(storage, events_server), "--only", "twice", "--quiet", app=app)
    _send(host, *_data("one"), AmqpAnnotatedMessage(value_body=7), partition_id="0")
    host.start()
    wait_for(lambda: host.checkpoints("twice").get("0") == 1, "the checkpoint")
    _send(host, *_data("next"), partition_id="0")
    wait_for(lambda: _texts(host, "twice") == ["next"], "the next event")
    assert host.request("/admin/functions/twice", b'{"input": "by hand"}')[0] == 202
    wait_for(lambda: "by hand" in _texts(host, "twice"), "a batch of the admin endpoint")
    assert host.log().count("NotSupportedException") == 3
    assert "the checkpoint moves past the 2 events" in host.log()


def test_with_cardinality_one_only_that_event_fails(
    hosts: Callable[..., Hosted], storage: str, events_server: str, app: Path
) -> None:
    """Its neighbours in the same transfer run, and the checkpoint moves on."""
    host = hosts(Services(storage, events_server), "--only", "single", app=app)
    _send(host, *_data("one"), AmqpAnnotatedMessage(value_body=7), *_data("two"), partition_id="0")
    host.start()
    wait_for(lambda: host.checkpoints("single").get("0") == 2, "the checkpoint")
    assert _texts(host, "single") == ["one", "two"]
    assert host.log().count("NotSupportedException") == 1
    assert host.request("/admin/functions/single", b'{"input": "by hand"}')[0] == 202
    wait_for(lambda: "by hand" in _texts(host, "single"), "the event of the admin endpoint")


def test_retry_context_and_id_of_a_batch_that_is_tried_again(
    hosts: Callable[..., Hosted], storage: str, events_server: str, app: Path
) -> None:
    """The same invocation id; 0 of 0 and no exception without a failure, what was raised on a retry."""
    host = hosts(Services(storage, events_server), "--only", "twice", app=app).start()
    _send(host, *_data("fail"), partition_id="0")
    found = host.await_records("twice", 3)
    assert [one["retry"][:2] for one in found] == [[0, 2], [1, 2], [2, 2]]
    assert found[0]["retry"][2] == ""
    assert all(one["retry"][2].startswith("ValueError: asked to fail\nTraceback") for one in found[1:])
    assert len({one["id"] for one in found}) == 1
    assert "\nValueError: asked to fail\nTraceback" in host.log()


def test_without_a_data_type_a_body_that_is_no_json_fails_its_batch(
    hosts: Callable[..., Hosted], storage: str, events_server: str, app: Path
) -> None:
    """Each body is parsed as JSON and written anew; without a policy the batch is lost."""
    host = hosts(Services(storage, events_server), "--only", "untyped", app=app)
    _send(host, *_data('{"a": 1.10}', "[]"), partition_id="0")
    host.start()
    wait_for(lambda: host.checkpoints("untyped").get("0") == 1, "the checkpoint")
    assert [json.loads(one) for one in _texts(host, "untyped")] == [{"a": 1.1}, []]
    _send(host, *_data("no json"), partition_id="0")
    wait_for(lambda: host.checkpoints("untyped").get("0") == 2, "the checkpoint past it")
    assert "data_type=func.DataType.BINARY" in host.log()
