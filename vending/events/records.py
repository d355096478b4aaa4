"""A hub event as one line of JSON, byte for byte: the form of the archive and of the dead letters.

JSON writes a control character with six bytes, so a body of many would grow sixfold; base64 adds a third.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from vending.events.hub_event import HubEvent

SIX_BYTES = bytes(set(range(0x20)) - set(b"\b\t\n\f\r"))
"""What JSON writes as ``\\u00xx``."""


def record(event: HubEvent) -> dict[str, Any]:
    """The event's fields. A body that is no text goes as ``body64``; ``amqp`` only where there is one."""
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
    fields.update(text_or_base64("body", event.body))
    return fields if event.amqp is None else fields | {"amqp": event.amqp}


def text_or_base64(name: str, data: bytes) -> dict[str, str]:
    """The bytes under their name as text; under the name with ``64`` in base64 where they are not UTF-8, or
    where control characters would make the text longer than that.
    """
    # Quotation marks are not counted: JSON is full of them, and none grows to more than two bytes.
    if 15 * (len(data) - len(data.translate(None, SIX_BYTES))) <= len(data):
        try:
            return {name: data.decode()}
        except UnicodeDecodeError:
            pass
    return {f"{name}64": base64.b64encode(data).decode()}


def bytes_of(fields: Mapping[str, Any], name: str) -> bytes:
    """What :func:`text_or_base64` wrote. Text of any kind is taken: it was once written for all UTF-8."""
    text = fields.get(name)
    return base64.b64decode(fields[f"{name}64"]) if text is None else text.encode()


def position(fields: Mapping[str, Any]) -> str:
    """Where the event of a line lies, as :attr:`HubEvent.position` says it."""
    return f"{fields['generation']}/{fields['partition']}@{fields['sequence']}"


def restore(fields: Mapping[str, Any]) -> HubEvent:
    """The event again; the inverse of :func:`record`."""
    return HubEvent(
        generation=fields["generation"],
        partition=fields["partition"],
        sequence=fields["sequence"],
        offset=fields["offset"],
        enqueued=datetime.fromisoformat(fields["enqueued"]),
        key=fields["key"],
        properties=fields["properties"],
        system=fields["system"],
        body=bytes_of(fields, "body"),
        amqp=fields.get("amqp"),
    )


def encode(fields: dict[str, Any]) -> bytes:
    """One line, with its line feed."""
    return msgspec.json.encode(fields) + b"\n"


def decode_lines(data: bytes) -> list[dict[str, Any]]:
    """All lines of a blob."""
    lines: list[dict[str, Any]] = [msgspec.json.decode(line) for line in data.splitlines()]
    return lines
