"""Ledger pages → machine, site, route, product and fleet days."""

import logging
from datetime import UTC, datetime

import azure.functions as func

from vending import wiring
from vending.rollups.shard import roll_up_shard as do_roll_up_shard
from vending.rollups.timer import roll_up as start_roll_up

bp = func.Blueprint()
log = logging.getLogger(__name__)


@bp.function_name("roll_up")
@bp.timer_trigger(arg_name="timer", schedule="%ROLL_UP_SCHEDULE%", use_monitor=False)
async def roll_up(timer: func.TimerRequest) -> None:
    """Fan out: one message per feed range of the ledger. A missed tick needs no catch-up."""
    sent = await start_roll_up(datetime.now(UTC), wiring.roll_up_stores())
    log.info("roll-up: %d messages%s", sent, " (late)" if timer.past_due else "")


@bp.function_name("roll_up_shard")
@bp.queue_trigger(arg_name="message", queue_name="rollup-shards", connection="DATA")
async def roll_up_shard(message: func.QueueMessage) -> None:
    """Do one bounded unit of work; a failure redelivers the message, and the next tick sends another."""
    with wiring.metered("roll_up_shard"):
        await do_roll_up_shard(message.get_json(), datetime.now(UTC), wiring.roll_up_stores())
