"""What an Event Hubs trigger hands to the worker, as the .NET extension writes it.

Sources: Azure/azure-sdk-for-net EventHubTriggerBindingStrategy, azure-functions-host
GrpcMessageConversionExtensions. Names of the arrays, their types, and the omission of empty entries are
theirs.
"""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson
from azure.eventhub import EventData

from devstack.functions.wire import Wire

_PROPERTIES = ("message_id", "user_id", "to", "subject", "reply_to", "correlation_id", "content_type",
               "content_encoding", "absolute_expiry_time", "creation_time", "group_id", "group_sequence",
               "reply_to_group_id")  # fmt: skip


def dotnet_time(moment: datetime) -> str:
    """A UTC time as Newtonsoft writes a DateTime of unspecified kind: no zone, no trailing zeros."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return text.rstrip("0") if "." in text else text


def body_of(event: EventData) -> bytes:
    """The body's bytes. ``ValueError`` for AMQP value or sequence bodies, which the extension does not read
    either.
    """
    body = event.body
    if isinstance(body, bytes | str):
        return body.encode() if isinstance(body, str) else body
    try:
        return b"".join(body)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError(
            f"event {event.sequence_number} has no data body: the trigger reads bytes"
        ) from error


def plain(value: Any) -> Any:
    """An AMQP value as JSON can hold it: symbols become text, times ISO texts, other bytes base64-free
    latin-1.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def system_properties(event: EventData) -> dict[str, Any]:
    """AMQP annotations and properties, and the four fields that the decoder of azure-functions reads."""
    found: dict[str, Any] = {}
    for name, value in (event.raw_amqp_message.annotations or {}).items():
        key = str(plain(name))
        if key == "x-opt-enqueued-time" and isinstance(value, int):
            found[key] = datetime.fromtimestamp(value / 1000, UTC).isoformat()
        else:
            found[key] = plain(value)
    properties = event.raw_amqp_message.properties
    for name in _PROPERTIES if properties is not None else ():
        value = getattr(properties, name, None)
        if value is not None:
            found[name.replace("_", "-")] = plain(value)
    found["SequenceNumber"] = event.sequence_number
    found["Offset"] = event.offset
    partition_key = event.partition_key
    found["PartitionKey"] = plain(partition_key) if partition_key is not None else None
    found["EnqueuedTimeUtc"] = dotnet_time(event.enqueued_time) if event.enqueued_time else None
    return found


def _json(value: Any) -> Wire:
    return ("json", orjson.dumps(value, default=str).decode())


def _texts(values: Iterable[Any]) -> Wire:
    return ("collection_string", [str(one) for one in values if one])


def many(events: list[EventData], context: dict[str, Any]) -> dict[str, Wire]:
    """Trigger metadata of a batch; texts that are empty are missing, so those arrays may be shorter."""
    system = [system_properties(event) for event in events]
    return {
        "SystemPropertiesArray": _json(system),
        "PropertiesArray": _json([plain(dict(event.properties or {})) for event in events]),
        "SequenceNumberArray": ("collection_sint64", [int(event.sequence_number or 0) for event in events]),
        "OffsetArray": _texts(one["Offset"] for one in system),
        "PartitionKeyArray": _texts(one["PartitionKey"] for one in system),
        "EnqueuedTimeUtcArray": _json([one["EnqueuedTimeUtc"] for one in system]),
        "PartitionContext": _json(context),
    }


def one(event: EventData, context: dict[str, Any]) -> dict[str, Wire]:
    """Trigger metadata of a single event: the same names without ``Array``."""
    system = system_properties(event)
    found: dict[str, Wire] = {
        "SystemProperties": _json(system),
        "Properties": _json(plain(dict(event.properties or {}))),
        "SequenceNumber": _json(system["SequenceNumber"]),
        "PartitionContext": _json(context),
    }
    if system["EnqueuedTimeUtc"]:
        found["EnqueuedTimeUtc"] = _json(system["EnqueuedTimeUtc"])
    for name in ("Offset", "PartitionKey"):
        if system[name]:
            found[name] = ("string", str(system[name]))
    return found


def payload(events: list[EventData], *, data_type: str, cardinality_many: bool) -> Wire:
    """Bodies: bytes for ``dataType: binary``, else texts, where the host drops empty ones of a batch."""
    bodies = [body_of(event) for event in events]
    if data_type == "binary":
        return ("collection_bytes", bodies) if cardinality_many else ("bytes", bodies[0])
    texts = [body.decode("utf-8", "replace") for body in bodies]
    return (
        ("collection_string", [text for text in texts if text]) if cardinality_many else ("string", texts[0])
    )
