"""What is wrong with machines → alerts → notifications."""

import logging
from datetime import UTC, datetime

import azure.functions as func

from vending import batch_report, wiring
from vending.alerts import sweep as sweeping
from vending.alerts import watch_lag as lagging
from vending.alerts import watch_machines as watching
from vending.alerts.apply_policies import apply_policies
from vending.alerts.escalate import escalate
from vending.alerts.evaluate_quiet import evaluate_quiet
from vending.alerts.order_locks import order_locks
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.watch_audits import watch_audits
from vending.alerts.watch_days import watch_days
from vending.alerts.watch_refusals import watch_refusals
from vending.alerts.watch_rollups import evaluate_rollups
from vending.each_step import each_step
from vending.notifications import notify as notifying
from vending.notifications.deliver_notice import deliver_notice, resend_notices
from vending.notifications.notify_digest import ASK_FOR_DIGEST, notify_digest
from vending.notifications.resend import resend
from vending.notifications.send_mails import send_mails
from vending.notifications.watch_notifications import watch_notifications
from vending.uploads.ask_notice import NOTICE

bp = func.Blueprint()
log = logging.getLogger(__name__)


# Without a policy the host moves the lease past a batch that failed. Endless retries make it wait.
@bp.function_name("watch_machines")
@bp.cosmos_db_trigger(
    arg_name="documents",
    connection="COSMOS",
    database_name="%COSMOS_DATABASE%",
    container_name="machines",
    lease_container_name="leases",
    lease_container_prefix="watch-machines",
    feed_poll_delay=2000,
    start_from_beginning=True,  # type: ignore[arg-type]  # declared as a time, meant as a bool
)
@bp.retry(
    strategy="exponential_backoff",
    max_retry_count="-1",
    minimum_interval="00:00:01",
    maximum_interval="00:00:15",
)
async def watch_machines(documents: func.DocumentList) -> None:
    """Evaluate the machines whose stock changed; a failure redelivers the whole batch."""
    batch = [dict(document) for document in documents]
    with wiring.metered("watch_machines") as cost:
        changed = await watching.watch_machines(batch, wiring.alert_stores(), datetime.now(UTC))
        changed += await watch_days(batch, wiring.alert_stores(), datetime.now(UTC))
        changed += await watch_audits(batch, wiring.alert_stores(), datetime.now(UTC))
    said = batch_report.watched(wiring.metrics(), batch, changed, datetime.now(UTC))
    if changed:
        log.info("%s: %s", said, cost)


@bp.function_name("notify")
@bp.queue_trigger(arg_name="message", queue_name="notifications", connection="DATA")
async def notify(message: func.QueueMessage) -> None:
    """Deliver a notification, a digest or a notice; a failure redelivers the message; later the sweep
    retries."""
    asked, outgoing, now = message.get_json(), wiring.outgoing(), datetime.now(UTC)
    if NOTICE in asked:
        await deliver_notice(asked, wiring.notice_office(), now)
    elif asked == ASK_FOR_DIGEST:
        await notify_digest(outgoing, now)
    else:
        await notifying.notify(asked, outgoing, now)


@bp.function_name("sweep")
@bp.timer_trigger(arg_name="timer", schedule="%SWEEP_SCHEDULE%", use_monitor=False)
async def sweep(timer: func.TimerRequest) -> None:
    """Evaluate lag, machines and rollups; retry unsent notifications. A missed tick needs no catch-up."""
    now, stores = datetime.now(UTC), wiring.alert_stores()
    findings = await lagging.watch_lag(wiring.lag_stores(), wiring.metrics(), now)
    with wiring.metered("sweep") as cost:
        escalated, sent, *changes, locks, mails = await each_step(
            lambda: escalate(stores, now),
            lambda: _send_again(stores, now),
            lambda: _evaluate_conditions(stores, now),
            lambda: sweeping.evaluate_ageing(stores, now),
            lambda: evaluate_quiet(stores, wiring.fleet(), now),
            lambda: apply_policies(stores, now),
            lambda: watch_notifications(stores, now, wiring.poisoned()),
            lambda: lagging.alert_of_lag(findings, stores, now),
            lambda: watch_refusals(stores, now),
            lambda: evaluate_rollups(wiring.roll_up_watch(), stores, wiring.metrics(), now),
            lambda: order_locks(stores, wiring.commands(), now),
            lambda: send_mails(wiring.outgoing(), now),
        )
    wiring.metrics().tell("alerts", changed := sum(changes, escalated), function="sweep")
    late = " (late)" if timer.past_due else ""
    said = sent, mails, locks, changed, late, cost
    log.info("sweep: %d notifications sent again, %d mails, %d locks, %d alerts changed%s: %s", *said)


async def _send_again(stores: AlertStores, now: datetime) -> int:
    """Notifications and notices that nobody has taken for a while."""
    steps = (
        lambda: resend(stores, now),
        lambda: resend_notices(stores.alerts, stores.notifications, now),
    )
    return sum(await each_step(*steps))


async def _evaluate_conditions(stores: AlertStores, now: datetime) -> int:
    catalog = await stores.catalog.named()
    return await sweeping.evaluate_conditions(stores, now, wiring.settings().silent_after, catalog)
