"""What people get by mail whatever happened: the daily report."""

import logging
from datetime import UTC, datetime

import azure.functions as func

from vending import wiring
from vending.reports.send_daily_report import send_daily_report as send_reports

bp = func.Blueprint()
log = logging.getLogger(__name__)


@bp.function_name("send_daily_report")
@bp.timer_trigger(arg_name="timer", schedule="%DAILY_REPORT_SCHEDULE%", use_monitor=False)
async def send_daily_report(timer: func.TimerRequest) -> None:  # noqa: ARG001 - a late tick is as good
    """Mail the reports that are due: once a day each. A missed tick needs no catch-up."""
    with wiring.metered("send_daily_report") as cost:
        sent = await send_reports(wiring.reporting(), datetime.now(UTC))
    if sent:
        log.info("daily report: %d mails: %s", sent, cost)
