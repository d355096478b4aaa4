"""Batches as the platform's Event Hubs trigger hands them to the worker: names, types, spelling of values.

Source: a batch taken from the real trigger (azure-functions-host 4.1037, Event Hubs extension 6.x); its like,
written by hand, is ``tests/unit/adapters/trigger_batch.json``.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from azure.functions.meta import Datum

START = datetime(2026, 11, 24, 10, 0, 0, 512000, UTC)


class Collection:
    """``CollectionBytes`` of the worker's protocol: one body an event."""

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self.bytes = list(bodies)


def bodies(found: Sequence[bytes]) -> Datum:
    """What ``data_type=BINARY`` and ``cardinality=MANY`` make of the bodies."""
    return Datum(Collection(found), "collection_bytes")


def system_row(
    number: int, key: str | None = None, enqueued: datetime = START, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One entry of SystemPropertiesArray: annotations, then the extension's five fields; ``more`` wins."""
    moment = enqueued.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    offset = number * 112
    return {
        "x-opt-sequence-number": number,
        "x-opt-offset": str(offset),
        "x-opt-enqueued-time": f"{moment}+00:00",
        **({"x-opt-partition-key": key} if key else {}),
        "SequenceNumber": number,
        "Offset": offset,
        "OffsetString": str(offset),
        "PartitionKey": key,
        "EnqueuedTimeUtc": moment,
    } | dict(more or {})


def metadata(
    rows: Sequence[Mapping[str, Any]],
    properties: Sequence[Mapping[str, Any]] | None = None,
    partition: str = "3",
) -> dict[str, Datum]:
    """The trigger's metadata of a batch of these system properties; no user properties unless given."""
    context = {
        "IsCheckpointingAfterInvocation": True,
        "FullyQualifiedNamespace": "localhost",
        "EventHubName": "telemetry",
        "ConsumerGroup": "$Default",
        "PartitionId": partition,
    }
    values: dict[str, object] = {
        "PartitionContext": context,
        "TriggerPartitionContext": context,
        "EnqueuedTimeUtcArray": [row.get("EnqueuedTimeUtc") for row in rows],
        "PropertiesArray": [{} for _ in rows] if properties is None else list(properties),
        "SystemPropertiesArray": list(rows),
        "sys": {"MethodName": "ingest_telemetry", "UtcNow": "2026-11-24T10:00:01.4528674Z"},
    }
    return {name: Datum(json.dumps(value), "json") for name, value in values.items()}


def as_datums(batch: Mapping[str, Any]) -> dict[str, Datum]:
    """A whole batch's metadata, kept as JSON, as the worker gets them."""
    return {name: Datum(json.dumps(value), "json") for name, value in batch.items()}
