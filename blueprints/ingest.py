"""Device telemetry → machine state, ledger and dead letters."""

import logging
import typing
from datetime import UTC, datetime

import azure.functions as func

from vending import batch_report, wiring
from vending.ingest.ingest import ingest

bp = func.Blueprint()
log = logging.getLogger(__name__)


# Without a policy the host moves the checkpoint past a batch that failed. Endless retries make it wait.
@bp.function_name("ingest_telemetry")
@bp.event_hub_message_trigger(
    arg_name="events",
    event_hub_name="%TELEMETRY_HUB%",
    connection="EVENTHUB",
    consumer_group="$Default",
    cardinality=func.Cardinality.MANY,
    data_type=func.DataType.BINARY,
)
@bp.retry(
    strategy="exponential_backoff",
    max_retry_count="-1",
    minimum_interval="00:00:01",
    maximum_interval="00:00:15",
)
async def ingest_telemetry(events: typing.List[func.EventHubEvent]) -> None:  # noqa: UP006 - the indexer's rule
    """Apply a batch of one partition; a failure redelivers the whole batch."""
    batch = wiring.hub_events(events)
    with wiring.metered("ingest_telemetry") as cost:
        outcome = await ingest(batch, wiring.ingest_stores(), wiring.version())
    log.info("%s: %s", batch_report.ingested(wiring.metrics(), batch, outcome, datetime.now(UTC)), cost)
