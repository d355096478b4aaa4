"""An archived event as a row of a table: typed columns for queries, and the event itself, byte for byte.

A body that validates fills the columns of its type; of one that does not, ``fault`` says why.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from vending.errors import Rejected
from vending.events import base
from vending.events.event import parse
from vending.events.hub_event import HubEvent

Kind = Literal["int32", "int64", "double", "time", "text", "word", "bytes"]
"""``word`` is text of few distinct values, ``time`` microseconds UTC."""

COLUMNS: dict[str, Kind] = {
    "machine": "word",
    "type": "word",
    "device": "word",
    "device_epoch": "int32",
    "device_sequence": "int64",
    "ledger_sequence": "int64",
    "time": "time",
    "clock_sync": "word",
    **base.COLUMNS,
    "fault": "word",
    "generation": "word",
    "partition": "word",
    "sequence": "int64",
    "offset": "text",
    "enqueued": "time",
    "key": "word",
    "properties": "word",
    "system": "word",
    "body": "bytes",
    "amqp": "text",
}
"""Every column, in the file's order; all but the hub's own may be null."""

Row = dict[str, Any]


def row(hub: HubEvent) -> Row:
    """The columns that the event fills; the others are null."""
    found: Row = {
        "generation": hub.generation,
        "partition": hub.partition,
        "sequence": hub.sequence,
        "offset": hub.offset,
        "enqueued": hub.enqueued,
        "key": hub.key,
        "properties": msgspec.json.encode(hub.properties).decode(),
        "system": msgspec.json.encode(hub.system).decode(),
        "body": hub.body,
    }
    if hub.amqp is not None:
        found["amqp"] = msgspec.json.encode(hub.amqp).decode()
    try:
        event = parse(hub)
    except Rejected as fault:
        return found | {"fault": fault.reason}
    envelope = event.envelope
    said = {
        "machine": event.machine,
        "type": event.name,
        "device": event.device,
        "device_epoch": envelope.deviceepoch,
        "device_sequence": envelope.sequence,
        "ledger_sequence": envelope.ledgersequence,
        "time": envelope.time,
        "clock_sync": envelope.clocksync,
    } | {column: getattr(event.data, field) for column, field in event.data.columns.items()}
    return found | {column: value for column, value in said.items() if value is not msgspec.UNSET}


def hub_event(found: Row) -> HubEvent:
    """The event again, from its row."""
    return HubEvent(
        generation=found["generation"],
        partition=found["partition"],
        sequence=found["sequence"],
        offset=found["offset"],
        enqueued=_utc(found["enqueued"]),
        key=found["key"],
        properties=msgspec.json.decode(found["properties"]),
        system=msgspec.json.decode(found["system"]),
        body=found["body"],
        amqp=msgspec.json.decode(found["amqp"]) if found.get("amqp") else None,
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
