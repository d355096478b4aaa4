"""A trigger's batch as the core's events.

azure-functions gives each event its body, and all of them one mapping with the batch's system and user
properties; only there do the offset's text, annotations and the partition stand. It is parsed once. Values
are the trigger's own: AMQP's dates, time spans and bytes have become texts (ISO 8601, d.hh:mm:ss, base64).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from vending.events.hub_event import HubEvent

if TYPE_CHECKING:
    import azure.functions as func

OWN_FIELDS = frozenset({
    "SequenceNumber", "Offset", "OffsetString", "PartitionKey", "EnqueuedTimeUtc",
    "x-opt-sequence-number", "x-opt-offset", "x-opt-partition-key", "x-opt-enqueued-time",
})  # fmt: skip
"""System properties that a hub event has fields for."""


def decode(events: "Sequence[func.EventHubEvent]", generation: str) -> list[HubEvent]:
    """The events of one invocation, in order.

    ``generation`` names the hub's present life. Raises ValueError when the trigger's metadata do not fit the
    events: then nothing of the batch can be placed, and it must be tried again.
    """
    if not events:
        return []
    metadata = events[0].metadata or {}
    partition = _partition(_json(metadata.get("PartitionContext")))
    system = _rows(metadata, "SystemPropertiesArray", len(events))
    properties = _rows(metadata, "PropertiesArray", len(events))
    return [
        HubEvent(
            generation=generation,
            partition=partition,
            sequence=int(own["SequenceNumber"]),
            offset=_offset(own),
            enqueued=_utc(event.enqueued_time, own),
            key=own.get("PartitionKey"),
            properties=user,
            system={name: value for name, value in own.items() if name not in OWN_FIELDS},
            body=event.get_body(),
        )
        for event, own, user in zip(events, system, properties, strict=True)
    ]


def _offset(own: Mapping[str, Any]) -> str:
    """The offset's text: ``OffsetString`` where it is sent, for the number of a geo-replicated hub is -1."""
    return str(own.get("OffsetString") or own.get("Offset", ""))


def _partition(context: Any) -> str:
    partition = context.get("PartitionId") if isinstance(context, Mapping) else None
    if not isinstance(partition, str) or not partition:
        raise ValueError("the trigger's metadata name no partition: PartitionContext.PartitionId is missing")
    return partition


def _rows(metadata: Mapping[str, Any], name: str, count: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] | None = _json(metadata.get(name))
    if rows is None or len(rows) != count:
        held = "no" if rows is None else len(rows)
        raise ValueError(f"the trigger's metadata hold {held} entries in {name} for {count} events")
    return rows


def _json(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value


def _utc(parsed: datetime | None, own: Mapping[str, Any]) -> datetime:
    """The enqueued time. The trigger writes it without a zone, and means UTC."""
    moment = parsed or datetime.fromisoformat(own["EnqueuedTimeUtc"])
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
