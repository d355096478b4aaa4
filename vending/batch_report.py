"""What is told of each batch: one line for the log, and figures with few dimensions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from vending.events.hub_event import HubEvent
from vending.ingest.ingest import Outcome
from vending.ports import Metrics


def ingested(metrics: Metrics, batch: Sequence[HubEvent], outcome: Outcome, now: datetime) -> str:
    """Of a batch that ingest has done."""
    name = "ingest_telemetry"
    place = _batch(metrics, name, batch, now)
    counts = {"applied": outcome.applied, "duplicate": outcome.duplicates, "forgotten": outcome.forgotten}
    for said, count in counts.items():
        if count or said != "forgotten":
            metrics.tell("events", count, function=name, outcome=said)
    for reason, count in Counter(fault.reason for _, fault in outcome.refusals).items():
        metrics.tell("events", count, function=name, outcome="dead-lettered", reason=reason)
    missing = sum(outcome.missing.values())
    metrics.tell("holes", missing, function=name)
    metrics.tell("holes.closed", outcome.closings, function=name)
    words = f"{outcome.duplicates} duplicates, {len(outcome.refusals)} dead letters, {missing} missing"
    words += f", {outcome.closings} holes closed as lost" if outcome.closings else ""
    words += f", {outcome.forgotten} forgotten" if outcome.forgotten else ""
    return f"applied {outcome.applied} of {len(batch)} events ({words}), {place}"


def archived(metrics: Metrics, batch: Sequence[HubEvent], new: int, now: datetime) -> str:
    """Of a batch that the archive holds."""
    name = "archive_telemetry"
    place = _batch(metrics, name, batch, now)
    metrics.tell("events", new, function=name, outcome="archived")
    metrics.tell("events", len(batch) - new, function=name, outcome="duplicate")
    return f"archived {new} of {len(batch)} events, {place}"


def watched(metrics: Metrics, documents: Sequence[Mapping[str, Any]], changed: int, now: datetime) -> str:
    """Of a batch of the change feed, whose alerts were evaluated."""
    name = "watch_machines"
    metrics.tell("batch.size", len(documents), function=name)
    metrics.tell("alerts", changed, function=name)
    changes = [datetime.fromtimestamp(float(one["_ts"]), UTC) for one in documents if "_ts" in one]
    age = _age(metrics, name, changes, now)
    return f"evaluated {len(documents)} machines, {changed} alerts changed, oldest {age:.1f} s"


def _batch(metrics: Metrics, name: str, batch: Sequence[HubEvent], now: datetime) -> str:
    metrics.tell("batch.size", len(batch), function=name)
    age = _age(metrics, name, [event.enqueued for event in batch], now)
    return f"partition {batch[0].partition if batch else '-'}, oldest {age:.1f} s"


def _age(metrics: Metrics, name: str, moments: Sequence[datetime], now: datetime) -> float:
    """Seconds since the oldest; a clock that is behind the service's makes it 0, never less."""
    age = max(0.0, (now - min(moments)).total_seconds()) if moments else 0.0
    if moments:
        metrics.tell("lag", age, function=name)
    return age
