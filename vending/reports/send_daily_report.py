"""Mail each recipient yesterday's report, once, when it is morning where he is.

A recipient's document says which day he has (:mod:`vending.reports.sending`): it is read at each tick of the
timer after the hour, and claimed before anything is sent. One recipient's failure keeps nobody else's report
back, and is tried again at the next tick, until the day is over.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from vending.alerts.held import Held, read
from vending.documents.alerts import NOTIFICATIONS
from vending.documents.daily_report import DailyReport, report_id
from vending.each_step import each_step
from vending.errors import Conflict, Rejected
from vending.mail import Mail
from vending.ports import Documents, Mailer, Put
from vending.reports import sending
from vending.reports.daily_report import report, subject
from vending.reports.facts import Facts, Scope
from vending.reports.gather import gather
from vending.reports.layout import as_html, as_text
from vending.reports.sending import Recipient
from vending.views.views import ViewStores

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reporting:
    """Who gets reports, from the hour of his clock on; None: nobody. ``link``: the dashboard's address."""

    stores: ViewStores
    mailer: Mailer | None
    recipients: Sequence[Recipient]
    hour: int | None
    link: str = ""

    @property
    def alerts(self) -> Documents:
        """Where is remembered who has which report."""
        return self.stores.alerts


async def send_daily_report(reporting: Reporting, now: datetime) -> int:
    """Send what is due; how many mails were handed over. Raises the first failure after all were tried."""
    if reporting.mailer is None or reporting.hour is None:
        return 0
    this = _Round(reporting, reporting.mailer, now)
    owed = [(one, sending.due(one, reporting.hour, now)) for one in reporting.recipients]
    return sum(await each_step(*(partial(this.send, one, day) for one, day in owed if day)))


@dataclass(frozen=True)
class _Round:
    """One tick of the timer; recipients with the same scope share what is read."""

    reporting: Reporting
    mailer: Mailer
    now: datetime
    gathered: dict[tuple[Scope, str, str], Facts] = field(default_factory=dict)

    async def send(self, recipient: Recipient, day: str) -> bool:
        """Send a recipient the report of a day, unless he has it or another instance is about to."""
        claimed = await _claim(self.reporting.alerts, recipient, day, self.now)
        if claimed is None:
            return False
        try:
            facts = await self._facts(recipient, day)
            await self.mailer.send(_mail(recipient, facts, self.reporting.link))
        except Rejected as fault:
            log.error("the daily report of %s for %s is given up: %s", day, claimed.document.id, fault)
            await self._remember(claimed, sending.done(claimed.document, str(fault)))
            return False
        except Exception:
            await self._remember(claimed, sending.released(claimed.document))
            raise
        await self._remember(claimed, sending.done(claimed.document))
        return True

    async def _facts(self, recipient: Recipient, day: str) -> Facts:
        what = recipient.scope, day, recipient.time_zone
        if what not in self.gathered:
            self.gathered[what] = await gather(self.reporting.stores, *what, self.now)
        return self.gathered[what]

    async def _remember(self, claimed: Held[DailyReport], after: DailyReport) -> None:
        """Replace the claim. Where it ended meanwhile and another instance has its own, that one stands."""
        try:
            await self.reporting.alerts.write(NOTIFICATIONS, [claimed.put(after)])
        except Conflict:
            log.warning("the claim on a daily report ended before it was sent: %s", claimed.document.id)


def _mail(recipient: Recipient, facts: Facts, link: str) -> Mail:
    made = report(facts, link)
    return Mail(recipient.address, subject(facts), as_text(made), as_html(made), sending.key(facts.day))


async def _claim(
    alerts: Documents, recipient: Recipient, day: str, now: datetime
) -> Held[DailyReport] | None:
    """The claim as it was written; None where the report is done, or another instance sends it."""
    held = await read(alerts, DailyReport, NOTIFICATIONS, report_id(recipient.address))
    claimed = sending.claim(held.document if held else None, recipient.address, day, now)
    if claimed is None:
        return None
    try:
        [etag] = await alerts.write(NOTIFICATIONS, [held.put(claimed) if held else Put(claimed.dump())])
    except Conflict:
        return None
    return Held(claimed, etag)
