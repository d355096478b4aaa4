"""Every raw event → the archive, byte for byte; closed hours of it → Parquet."""

import logging
import typing
from datetime import UTC, datetime

import azure.functions as func

from vending import batch_report, wiring
from vending.archive.append import archive
from vending.archive.compact import compact_archive as compact

bp = func.Blueprint()
log = logging.getLogger(__name__)


@bp.function_name("archive_telemetry")
@bp.event_hub_message_trigger(
    arg_name="events",
    event_hub_name="%TELEMETRY_HUB%",
    connection="EVENTHUB",
    consumer_group="archive",
    cardinality=func.Cardinality.MANY,
    data_type=func.DataType.BINARY,
)
@bp.retry(
    strategy="exponential_backoff",
    max_retry_count="-1",
    minimum_interval="00:00:01",
    maximum_interval="00:00:15",
)
async def archive_telemetry(events: typing.List[func.EventHubEvent]) -> None:  # noqa: UP006 - the indexer's rule
    """Append a batch of one partition to its blob; a failure redelivers the whole batch."""
    batch = wiring.hub_events(events)
    new = await archive(batch, wiring.archive_blobs(), wiring.archive_tails())
    log.info(batch_report.archived(wiring.metrics(), batch, new, datetime.now(UTC)))


@bp.function_name("compact_archive")
@bp.timer_trigger(arg_name="timer", schedule="%COMPACT_SCHEDULE%")
async def compact_archive(timer: func.TimerRequest) -> None:
    """Compact what is closed. Idempotent: a run that fails or times out leaves its work to the next one."""
    done = await compact(wiring.compaction(), datetime.now(UTC))
    late = " (late)" if timer.past_due else ""
    log.info("compacted %d events into %d files%s", done.events, len(done.tables), late)
