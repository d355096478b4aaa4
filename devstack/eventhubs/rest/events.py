"""What a POST holds, as messages of AMQP: one event with its headers, or a JSON list of events.

Sources: learn.microsoft.com/rest/api/eventhub (send-event, send-batch-events, event-hubs-runtime-rest) and
learn.microsoft.com/rest/api/servicebus/message-headers-and-properties for BrokerProperties.
"""

import base64
import binascii
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from devstack.eventhubs.errors import ARGUMENT, AmqpError, not_implemented
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire.message import ANNOTATIONS, APPLICATION, DATA, PARTITION_KEY, PROPERTIES

BATCH = "application/vnd.microsoft.servicebus.json"
MEMBERS = frozenset({"Body", "IsBodyBase64", "BrokerProperties", "UserProperties"})
# Broker properties and their places in AMQP's properties section; the service ignores those it does not know.
PLACES = {"MessageId": 0, "To": 2, "Label": 3, "ReplyTo": 4, "CorrelationId": 5, "ContentType": 6}
REFUSED = frozenset({
    "ForcePersistence", "ReplyToSessionId", "ScheduledEnqueueTimeUtc", "SessionId", "TimeToLive",
    "TimeToLiveTimeSpan", "ViaPartitionKey",
})  # fmt: skip
CONTENT_TYPE, FIELDS = 6, 13
LONG = 1 << 63


def single(body: bytes, content_type: str | None, broker: str | None, custom: Mapping[str, str]) -> bytes:
    """The event of a POST whose body it is; ``custom`` headers are its properties."""
    properties = _json(broker, "the header BrokerProperties") if broker is not None else {}
    return _message(body, _broker(properties) | {"ContentType": content_type}, custom)


def batch(body: bytes) -> list[bytes]:
    """The events of a JSON list of {"Body", "IsBodyBase64", "BrokerProperties", "UserProperties"}."""
    listed = _json(body, "the body")
    if not isinstance(listed, list) or not listed:
        raise _bad("the body is no JSON list of events")
    return [_event(each) for each in listed]


def _event(item: Any) -> bytes:
    if not isinstance(item, dict) or not isinstance(item.get("Body"), str) or not item.keys() <= MEMBERS:
        raise _bad(f"an event is an object with a text as Body, and of {sorted(MEMBERS)} only")
    encoded = item.get("IsBodyBase64", False)
    custom = item.get("UserProperties") or {}
    if not isinstance(encoded, bool) or not isinstance(custom, dict):
        raise _bad("IsBodyBase64 is true or false, UserProperties an object")
    try:
        body = base64.b64decode(item["Body"], validate=True) if encoded else item["Body"].encode()
    except (binascii.Error, ValueError) as fault:
        raise _bad(f"a Body is not what IsBodyBase64 says, or no text: {fault}") from fault
    return _message(body, _broker(item.get("BrokerProperties") or {}), custom)


def _json(text: str | bytes, what: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        raise _bad(f"{what} is not JSON: {fault}") from fault


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _broker(properties: Any) -> dict[str, str | None]:
    if not isinstance(properties, dict):
        raise _bad("BrokerProperties is no JSON object")
    unserved = sorted(properties.keys() & REFUSED)
    if unserved:
        raise not_implemented(f"The broker property {unserved[0]}")
    known = {name: value for name, value in properties.items() if name in PLACES or name == "PartitionKey"}
    for name, value in known.items():
        if value is not None and not isinstance(value, str):
            raise _bad(f"the broker property {name} is a text, not {value!r}")
    return known


def _message(body: bytes, broker: Mapping[str, str | None], custom: Mapping[str, Any]) -> bytes:
    sections = []
    key = broker.get("PartitionKey")
    if key is not None:
        sections.append(e.described(ANNOTATIONS, e.mapping({e.symbol(PARTITION_KEY): _text(key)})))
    listed = [e.NULL] * FIELDS
    for name, place in PLACES.items():
        value = broker.get(name)
        if value is not None:
            listed[place] = _symbol(value) if place == CONTENT_TYPE else _text(value)
    if listed != [e.NULL] * FIELDS:
        sections.append(e.described(PROPERTIES, e.fields(*listed)))
    if custom:
        entries = {_text(name): _property(name, value) for name, value in custom.items()}
        sections.append(e.described(APPLICATION, e.mapping(entries)))
    sections.append(e.described(DATA, e.binary(body)))
    return b"".join(sections)


def _property(name: str, value: Any) -> bytes:
    if value is None:
        return e.NULL
    if isinstance(value, bool):
        return e.boolean(value)
    if isinstance(value, int) and -LONG <= value < LONG:
        return e.long(value)
    if isinstance(value, float) and math.isfinite(value):
        return e.double(value)
    if isinstance(value, str):
        return _text(value)
    raise _bad(f"the property {name!r} is no text, number of 64 bits, boolean or null")


def _text(value: str) -> bytes:
    try:
        return e.string(value)
    except UnicodeEncodeError as fault:
        raise _bad(f"{value!r} is no valid text") from fault


def _symbol(value: str) -> bytes:
    try:
        return e.symbol(value)
    except UnicodeEncodeError as fault:
        raise _bad(f"the content type {value!r} is not ASCII") from fault


def custom_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers that are an event's own properties. Quotes around a value are not part of it."""
    found: dict[str, str] = {}
    for name, value in headers:
        if _of_http(name.lower()):
            continue
        if name in found:
            raise _bad(f"the header {name!r} stands twice")
        quoted = len(value) > 1 and value[0] == value[-1] == '"'
        found[name] = value[1:-1] if quoted else value
    return found


def _of_http(name: str) -> bool:
    return name in OWN or name.startswith(OWN_PREFIXES)


OWN = frozenset({
    "authorization", "brokerproperties", "cache-control", "connection", "cookie", "date", "expect",
    "forwarded", "from", "host", "keep-alive", "max-forwards", "origin", "pragma", "range", "referer",
    "request-id", "te", "traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade",
    "user-agent", "via", "warning",
})  # fmt: skip
OWN_PREFIXES = ("accept", "content-", "if-", "proxy-", "sec-", "x-forwarded-", "x-ms-")


def _bad(description: str) -> AmqpError:
    return AmqpError(ARGUMENT, description)
