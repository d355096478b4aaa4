"""Mail each recipient yesterday's report, once, when it is morning in the operator's zone.

A recipient's document says which day he has (:mod:`vending.reports.sending`): it is read at each tick of the
timer after the hour, and claimed before anything is sent. One recipient's failure keeps nobody else's report
back, and is tried again at the next tick, until the day is over.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from vending.alerts.held import Held, read
from vending.documents.alerts import NOTIFICATIONS
from vending.documents.catalog import CatalogRecipient
from vending.documents.daily_report import DailyReport, report_id
from vending.each_step import each_step
from vending.errors import Conflict, Rejected
from vending.mail import Mail
from vending.notifications.mailing import Mailing
from vending.ports import Documents, Mailer, Put
from vending.reports import sending
from vending.reports.daily_report import report, subject
from vending.reports.facts import Facts, Scope
from vending.reports.gather import gather
from vending.reports.layout import as_html, as_text
from vending.views.stores import ViewStores

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reporting:
    """How reports are sent, from ``hour`` on; None: not at all. ``link``: the dashboard's address."""

    stores: ViewStores
    mailing: Mailing | None
    hour: int | None
    link: str = ""

    @property
    def alerts(self) -> Documents:
        """Where is remembered who has which report."""
        return self.stores.alerts


async def send_daily_report(reporting: Reporting, now: datetime) -> int:
    """Send what is due; how many mails were handed over. Raises the first failure after all were tried."""
    mailing = reporting.mailing
    if mailing is None or reporting.hour is None:
        return 0
    zone = mailing.catalog.default_zone
    day = sending.due(zone, reporting.hour, now)
    if day is None:
        return 0
    this = _Round(reporting, mailing.mailer, day, zone, now)
    wanting = filter(sending.wants, await mailing.named())
    return sum(await each_step(*(partial(this.send, recipient) for recipient in wanting)))


@dataclass(frozen=True)
class _Round:
    """One tick of the timer; recipients with the same scope share what is read."""

    reporting: Reporting
    mailer: Mailer
    day: str
    zone: str
    now: datetime
    gathered: dict[Scope, Facts] = field(default_factory=dict)

    async def send(self, recipient: CatalogRecipient) -> bool:
        """Send a recipient the report, unless he has it or another instance is about to."""
        claimed = await self._claim(recipient)
        if claimed is None:
            return False
        try:
            facts = await self._facts(Scope(tuple(recipient.routes or ()), tuple(recipient.sites or ())))
            await self.mailer.send(self._mail(recipient.address, facts, sending.key(claimed.document)))
        except Rejected as fault:
            log.error("the daily report of %s for %s is given up: %s", self.day, claimed.document.id, fault)
            await self._remember(claimed, sending.done(claimed.document, str(fault)))
            return False
        except Exception:
            await self._remember(claimed, sending.released(claimed.document))
            raise
        await self._remember(claimed, sending.done(claimed.document))
        return True

    async def _claim(self, recipient: CatalogRecipient) -> Held[DailyReport] | None:
        """The claim as it was written; None where the report is done, or another instance sends it."""
        alerts = self.reporting.alerts
        held = await read(alerts, DailyReport, NOTIFICATIONS, report_id(recipient.id))
        claimed = sending.claim(held.document if held else None, recipient.id, self.day, self.now)
        if claimed is None:
            return None
        try:
            [etag] = await alerts.write(NOTIFICATIONS, [held.put(claimed) if held else Put(claimed.dump())])
        except Conflict:
            return None
        return Held(claimed, etag)

    async def _facts(self, scope: Scope) -> Facts:
        if scope not in self.gathered:
            gathered = await gather(self.reporting.stores, scope, self.day, self.zone, self.now)
            self.gathered[scope] = gathered
        return self.gathered[scope]

    def _mail(self, address: str, facts: Facts, key: str) -> Mail:
        made = report(facts, self.reporting.link)
        return Mail(address, subject(facts), as_text(made), as_html(made), key)

    async def _remember(self, claimed: Held[DailyReport], after: DailyReport) -> None:
        """Replace the claim. Where it ended meanwhile and another instance has its own, that one stands."""
        try:
            await self.reporting.alerts.write(NOTIFICATIONS, [claimed.put(after)])
        except Conflict:
            log.warning("the claim on a daily report ended before it was sent: %s", claimed.document.id)
