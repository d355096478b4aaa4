"""A hub event as one line of JSON, byte for byte: the form of the archive and of the dead letters."""

import base64
from datetime import UTC, datetime
from typing import Any

import msgspec

from vending.domain.events import HubEvent


def record(event: HubEvent) -> dict[str, Any]:
    """The event's fields. A body that is not UTF-8 goes as ``body64``; ``amqp`` only where there is one."""
    fields: dict[str, Any] = {
        "generation": event.generation,
        "partition": event.partition,
        "sequence": event.sequence,
        "offset": event.offset,
        "enqueued": event.enqueued.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "key": event.key,
        "properties": dict(event.properties),
        "system": dict(event.system),
    }
    try:
        fields["body"] = event.body.decode()
    except UnicodeDecodeError:
        fields["body64"] = base64.b64encode(event.body).decode()
    return fields if event.amqp is None else fields | {"amqp": event.amqp}


def restore(fields: dict[str, Any]) -> HubEvent:
    """The event again; the inverse of :func:`record`."""
    text = fields.get("body")
    return HubEvent(
        generation=fields["generation"],
        partition=fields["partition"],
        sequence=fields["sequence"],
        offset=fields["offset"],
        enqueued=datetime.fromisoformat(fields["enqueued"]),
        key=fields["key"],
        properties=fields["properties"],
        system=fields["system"],
        body=base64.b64decode(fields["body64"]) if text is None else text.encode(),
        amqp=fields.get("amqp"),
    )


def encode(fields: dict[str, Any]) -> bytes:
    """One line, with its line feed."""
    return msgspec.json.encode(fields) + b"\n"


def decode_lines(data: bytes) -> list[dict[str, Any]]:
    """All lines of a blob."""
    lines: list[dict[str, Any]] = [msgspec.json.decode(line) for line in data.splitlines()]
    return lines
