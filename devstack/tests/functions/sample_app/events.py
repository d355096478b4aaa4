"""Event Hubs and Cosmos DB triggers."""

import os
import signal
from pathlib import Path
from typing import List  # noqa: UP035 - list[...] fails the indexing of the worker library

import azure.functions as func
from recorder import record

events = func.Blueprint()


def _misbehave(text: str) -> None:
    """``die-once:FILE`` kills the process the first time, ``fail`` raises, ``fail-until:FILE`` until FILE
    exists.
    """
    word, _, argument = text.partition(":")
    if word == "die-once" and not Path(argument).exists():
        Path(argument).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "fail" or (word == "fail-until" and not Path(argument).exists()):
        raise RuntimeError(f"asked to {text}")


@events.event_hub_message_trigger(
    arg_name="batch", event_hub_name="%HUB%", connection="EVENTS", cardinality=func.Cardinality.MANY,
    data_type=func.DataType.BINARY, consumer_group="retried",
)  # fmt: skip
@events.retry(strategy="fixed_delay", max_retry_count="-1", delay_interval="00:00:00")
async def retried_batch(batch: List[func.EventHubEvent], context: func.Context) -> None:  # noqa: UP006 - see the import
    """Unlimited retries: nothing may be lost."""
    bodies = [event.get_body().decode() for event in batch]
    attempt = context.retry_context.retry_count if context.retry_context else 0
    record("retried_attempt", bodies=bodies, attempt=attempt)
    for body in bodies:
        _misbehave(body)
    metadata = batch[0].metadata or {}
    record(
        "retried_batch",
        bodies=bodies,
        sequences=[event.sequence_number for event in batch],
        keys=[event.partition_key for event in batch],
        times=[str(event.enqueued_time) for event in batch],
        properties=metadata.get("PropertiesArray"),
        partition=metadata.get("PartitionContext"),
        metadata=sorted(metadata),
        attempt=attempt,
    )


@events.event_hub_message_trigger(
    arg_name="batch", event_hub_name="%HUB%", connection="EVENTS", cardinality=func.Cardinality.MANY,
    data_type=func.DataType.BINARY, consumer_group="plain",
)  # fmt: skip
def plain_batch(batch: List[func.EventHubEvent]) -> None:  # noqa: UP006 - see the import
    """No retry policy: a failed batch is lost, as on the platform."""
    bodies = [event.get_body().decode() for event in batch]
    record("plain_attempt", bodies=bodies)
    for body in bodies:
        _misbehave(body)
    record("plain_batch", bodies=bodies)


@events.event_hub_message_trigger(
    arg_name="event", event_hub_name="%HUB%", connection="EVENTS", data_type=func.DataType.BINARY,
    consumer_group="single",
)  # fmt: skip
async def single_event(event: func.EventHubEvent) -> None:
    """Cardinality one."""
    record(
        "single_event", body=event.get_body().decode(), sequence=event.sequence_number, offset=event.offset
    )


@events.cosmos_db_trigger(
    arg_name="documents", connection="COSMOS", database_name="%DATABASE%", container_name="items",
    lease_container_name="leases", create_lease_container_if_not_exists=True, lease_container_prefix="watch",
    feed_poll_delay=100, lease_acquire_interval=500, lease_renew_interval=500, lease_expiration_interval=2000,
    start_from_beginning=True, max_items_per_invocation=10,
)  # fmt: skip
@events.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
async def watch(documents: func.DocumentList) -> None:
    """The change feed from its beginning, two retries."""
    found = [dict(document) for document in documents]
    record("watch_attempt", ids=[one["id"] for one in found])
    for one in found:
        _misbehave(str(one.get("ask", "")))
    record("watch", ids=[one["id"] for one in found], count=len(found))


@events.cosmos_db_trigger(
    arg_name="documents", connection="COSMOS", database_name="%DATABASE%", container_name="items",
    lease_container_name="leases", create_lease_container_if_not_exists=True, lease_container_prefix="now",
    feed_poll_delay=100,
)  # fmt: skip
def watch_from_now(documents: func.DocumentList) -> None:
    """The change feed from the moment the host listens, no retries."""
    record("watch_from_now_attempt", ids=[document["id"] for document in documents])
    for document in documents:
        _misbehave(str(document.get("ask", "")))
    record("watch_from_now", ids=[document["id"] for document in documents])
