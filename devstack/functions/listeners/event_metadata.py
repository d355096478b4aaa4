"""What an Event Hubs trigger hands to the worker, as the .NET extension writes it.

Sources: Azure/azure-sdk-for-net EventHubTriggerBindingStrategy, azure-functions-host
GrpcMessageConversionExtensions, and one batch of the real trigger, which a test compares field by field.
Names of the entries, their types, and the omission of empty texts are theirs.
"""

import base64
import functools
import math
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from azure.eventhub import EventData
from azure.eventhub.amqp import AmqpMessageBodyType

from devstack.functions import newtonsoft
from devstack.functions.errors import BindingFailed
from devstack.functions.listeners import amqp_types
from devstack.functions.listeners.amqp_types import Binary, Moment, Single, Ticks, Timestamp
from devstack.functions.wire import Wire

amqp_types.install()

_PROPERTIES = ("message_id", "user_id", "to", "subject", "reply_to", "correlation_id", "content_type",
               "content_encoding", "absolute_expiry_time", "creation_time", "group_id", "group_sequence",
               "reply_to_group_id")  # fmt: skip
_NUMBER = re.compile(r"\s*-?\d{1,19}\s*", re.ASCII)
_LAST = "9999-12-31T23:59:59.9999999"


def dotnet_time(moment: datetime) -> str:
    """A UTC time as Newtonsoft writes a DateTime of unspecified kind: no zone, no trailing zeros."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return text.rstrip("0") if "." in text else text


@functools.lru_cache(maxsize=1024)
def _time(milliseconds: int) -> str:
    """The same of an AMQP timestamp, kept within the years that .NET has."""
    try:
        return dotnet_time(amqp_types.EPOCH + timedelta(milliseconds=milliseconds))
    except OverflowError:
        return _LAST if milliseconds > 0 else "0001-01-01T00:00:00"


def _span(ticks: int) -> str:
    """A TimeSpan in its constant form: ``[-][d.]hh:mm:ss[.fffffff]``."""
    seconds, fraction = divmod(abs(ticks), 10**7)
    days, rest = divmod(seconds, 86400)
    text = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    sign = "-" if ticks < 0 else ""
    return f"{sign}{f'{days}.' if days else ''}{text}{f'.{fraction:07}' if fraction else ''}"


def _decimal(value: Decimal) -> Any:
    if not value.is_finite():
        return str(value)
    text = format(value, "f")
    return orjson.Fragment(text if "." in text else f"{text}.0")


def _float(value: float) -> Any:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _same(value: Any) -> Any:
    return value


_FORMS: dict[type, Callable[[Any], Any]] = {
    int: _same,
    str: _same,
    bool: _same,
    type(None): _same,
    bytes: lambda value: value.decode("utf-8", "replace"),
    Binary: lambda value: base64.b64encode(value).decode(),
    Timestamp: lambda value: f"{_time(value)}Z",
    Moment: lambda value: f"{dotnet_time(amqp_types.moment(value))}+00:00",
    Ticks: _span,
    Single: lambda value: _float(amqp_types.single_as_double(value) if math.isfinite(value) else value),
    float: _float,
    Decimal: _decimal,
    uuid.UUID: str,
    list: lambda value: [plain(one) for one in value],
    dict: lambda value: {str(plain(key)): plain(one) for key, one in value.items()},
}


def plain(value: Any) -> Any:
    """An AMQP value as Newtonsoft writes it: texts and symbols as text, other bytes in base64, times as ISO
    texts, spans as .NET writes them. ``TypeError`` for anything that AMQP has not.
    """
    form = _FORMS.get(type(value))
    if form is None:
        raise TypeError(f"an AMQP value of type {type(value).__name__}")
    return form(value)


def system_properties(event: EventData) -> dict[str, Any]:
    """AMQP properties and annotations, and the five fields of the extension."""
    found: dict[str, Any] = {}
    properties = event.raw_amqp_message.properties
    for name in _PROPERTIES if properties is not None else ():
        value = getattr(properties, name, None)
        if value is not None:
            found[name.replace("_", "-")] = _property(name, value)
    for symbol, value in (event.raw_amqp_message.annotations or {}).items():
        key = str(plain(symbol))
        found[key] = f"{_time(value)}+00:00" if key == "x-opt-enqueued-time" else plain(value)
    found["SequenceNumber"] = event.sequence_number
    found["Offset"] = _offset(event.offset)
    found["OffsetString"] = event.offset
    partition_key = event.partition_key
    found["PartitionKey"] = plain(partition_key) if partition_key is not None else None
    found["EnqueuedTimeUtc"] = dotnet_time(event.enqueued_time) if event.enqueued_time else None
    return found


def _property(name: str, value: Any) -> Any:
    if name == "user_id":
        # The extension serializes a ReadOnlyMemory: its content is lost on the platform.
        return {"Length": len(value), "IsEmpty": not value}
    if name in ("absolute_expiry_time", "creation_time"):
        return f"{_time(value)}+00:00"
    return str(plain(value)) if name in ("message_id", "correlation_id") else plain(value)


def _offset(text: str | None) -> int:
    """A number where the offset is one, else -1: a geo-replicated hub's place is told by the text alone."""
    number = int(text) if text is not None and _NUMBER.fullmatch(text) else -1
    return number if -(2**63) <= number < 2**63 else -1


def _of(event: EventData) -> tuple[dict[str, Any], dict[str, Any]]:
    """System and own properties. ``BindingFailed`` names the event with a value that .NET cannot hold."""
    try:
        return system_properties(event), plain(dict(event.properties or {}))
    except (TypeError, ValueError, OverflowError) as error:
        raise BindingFailed(
            f"{type(error).__name__}: {error}, in the properties of {place(event)}"
        ) from error


def _json(value: Any) -> Wire:
    return ("json", orjson.dumps(value).decode())


def _texts(values: Iterable[Any]) -> Wire:
    return ("collection_string", [str(one) for one in values if one])


def _common(context: dict[str, Any], function: str) -> dict[str, Wire]:
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    system = {"MethodName": function, "UtcNow": f"{now}0Z", "RandGuid": str(uuid.uuid4())}
    both = _json({"IsCheckpointingAfterInvocation": True, **context})
    return {"PartitionContext": both, "TriggerPartitionContext": both, "sys": _json(system)}


def many(events: list[EventData], context: dict[str, Any], function: str) -> dict[str, Wire]:
    """Trigger metadata of a batch; texts that are empty are missing, so those arrays may be shorter."""
    both = [_of(event) for event in events]
    system = [one for one, _ in both]
    offsets = _texts(one["OffsetString"] for one in system)
    return {
        "SystemPropertiesArray": _json(system),
        "PropertiesArray": _json([properties for _, properties in both]),
        "SequenceNumberArray": ("collection_sint64", [int(event.sequence_number or 0) for event in events]),
        "OffsetArray": offsets,
        "OffsetStringArray": offsets,
        "PartitionKeyArray": _texts(one["PartitionKey"] for one in system),
        "EnqueuedTimeUtcArray": _json([one["EnqueuedTimeUtc"] for one in system]),
        **_common(context, function),
    }


def one(event: EventData, context: dict[str, Any], function: str) -> dict[str, Wire]:
    """Trigger metadata of a single event: the same names without ``Array``; Offset is a text here."""
    system, properties = _of(event)
    found: dict[str, Wire] = {
        "SystemProperties": _json(system),
        "Properties": _json(properties),
        "SequenceNumber": _json(system["SequenceNumber"]),
        **_common(context, function),
    }
    if system["EnqueuedTimeUtc"]:
        found["EnqueuedTimeUtc"] = _json(system["EnqueuedTimeUtc"])
    texts = {"Offset": "OffsetString", "OffsetString": "OffsetString", "PartitionKey": "PartitionKey"}
    for name, source in texts.items():
        if system[source]:
            found[name] = ("string", str(system[source]))
    return found


def body_of(event: EventData) -> bytes:
    """The bytes of the data sections. ``BindingFailed`` for an AMQP value or sequence, as on the platform."""
    if event.body_type is not AmqpMessageBodyType.DATA:
        kind = "sequence" if event.body_type is AmqpMessageBodyType.SEQUENCE else "value"
        raise BindingFailed(
            f"NotSupportedException: the event body cannot be retrieved: the AMQP body of {place(event)} is a"
            f" {kind}, not data"
        )
    return b"".join(event.body)  # type: ignore[arg-type]


def place(event: EventData) -> str:
    """Where an event stands in its partition, for messages."""
    return f"the event at offset {event.offset}, sequence number {event.sequence_number}"


def payload(events: list[EventData], *, data_type: str, cardinality_many: bool) -> Wire:
    """Bodies: bytes for ``dataType: binary``; texts for ``string``, where the host drops empty ones of a
    batch; without a type each is parsed as JSON and written anew. ``BindingFailed`` for one that cannot be.
    """
    bodies = [body_of(event) for event in events]
    if data_type == "binary":
        return ("collection_bytes", bodies) if cardinality_many else ("bytes", bodies[0])
    texts = [body.decode("utf-8", "replace") for body in bodies]
    if data_type == "string":
        if cardinality_many:
            return ("collection_string", [text for text in texts if text])
        return ("string", texts[0])
    found = [_parsed(text, event) for text, event in zip(texts, events, strict=True)]
    return ("json", f"[{','.join(found)}]" if cardinality_many else found[0])


def _parsed(text: str, event: EventData) -> str:
    try:
        return newtonsoft.anew(text)
    except ValueError as error:
        raise BindingFailed(
            f"JsonReaderException: without a data type every body is parsed as JSON, and that of"
            f" {place(event)} is none ({error}); name data_type=func.DataType.BINARY or STRING"
        ) from error
