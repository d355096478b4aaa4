"""What a batch of events becomes for the worker, without a process.

Rules: Azure/azure-sdk-for-net EventHubTriggerBindingStrategy (names), azure-functions-host
GrpcMessageConversionExtensions (types, omission of empty texts).
"""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from devstack.functions.listeners import event_metadata

AT = datetime(2026, 1, 2, 3, 4, 5, 250000, UTC)
NAMES = {"EnqueuedTimeUtc", "Offset", "PartitionKey", "Properties", "SequenceNumber", "SystemProperties"}


def event(number: int, key: str | None, body: Any = b"x") -> Any:
    """An event as the SDK gives it."""
    annotations = {b"x-opt-partition-key": key, b"iothub-connection-device-id": b"dev-1"}
    message = SimpleNamespace(annotations=annotations, properties=SimpleNamespace(correlation_id=b"c-1"))
    return SimpleNamespace(
        body=body, properties={b"n": number}, raw_amqp_message=message, sequence_number=number,
        offset=str(number * 100), partition_key=key and key.encode(), enqueued_time=AT,
    )  # fmt: skip


def test_many_has_arrays_and_empty_keys_are_missing() -> None:
    """string[] becomes collection_string without empty entries, long[] collection_sint64, the rest JSON."""
    found = event_metadata.many([event(1, "a"), event(2, None)], {"PartitionId": "0"})
    assert set(found) == {f"{name}Array" for name in NAMES} | {"PartitionContext"}
    assert found["PartitionKeyArray"] == ("collection_string", ["a"])
    assert found["OffsetArray"] == ("collection_string", ["100", "200"])
    assert found["SequenceNumberArray"] == ("collection_sint64", [1, 2])
    system = json.loads(found["SystemPropertiesArray"][1])
    assert [one["SequenceNumber"] for one in system] == [1, 2]
    assert system[0]["iothub-connection-device-id"] == "dev-1"
    assert (system[0]["correlation-id"], system[0]["x-opt-partition-key"]) == ("c-1", "a")
    assert system[0]["EnqueuedTimeUtc"] == "2026-01-02T03:04:05.25", "DateTime of unspecified kind: no zone"
    assert json.loads(found["PropertiesArray"][1]) == [{"n": 1}, {"n": 2}]


def test_one_has_the_same_names_without_array() -> None:
    """A single event: the names without Array, and no entry for an empty text."""
    assert set(event_metadata.one(event(1, "a"), {})) == NAMES | {"PartitionContext"}
    assert set(event_metadata.one(event(1, None), {})) == NAMES - {"PartitionKey"} | {"PartitionContext"}


@pytest.mark.parametrize(
    ("data_type", "many", "expected"),
    [
        ("binary", True, ("collection_bytes", [b"\xff", b""])),
        ("string", True, ("collection_string", ["\ufffd"])),
        ("binary", False, ("bytes", b"\xff")),
        ("string", False, ("string", "\ufffd")),
    ],
)
def test_bodies_are_exact_only_as_binary(data_type: str, many: bool, expected: Any) -> None:
    """dataType binary keeps every byte and every empty body; texts of a batch lose the empty ones."""
    events = [event(1, None, b"\xff"), event(2, None, b"")]
    assert event_metadata.payload(events, data_type=data_type, cardinality_many=many) == expected
