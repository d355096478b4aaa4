"""Alerts, their outboxes, the catalog, and both channels, by a clock in the hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.alerts import find
from tests.support.fakes import FakeDocuments, FakeMailer, FakeQueue, FakeWebhook
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.transitions import Finding
from vending.catalog.cache import CatalogCache
from vending.catalog.recipients import CatalogRecipients
from vending.documents.catalog import CatalogMachine, CatalogRecipient, CatalogSite, CatalogVersion
from vending.errors import Transient
from vending.notifications.mailing import Mailing
from vending.notifications.notify import notify
from vending.notifications.notify_digest import ASK_FOR_DIGEST, notify_digest
from vending.notifications.outgoing import Outgoing
from vending.notifications.resend import resend
from vending.notifications.send_mails import send_mails
from vending.notifications.watch_notifications import watch_notifications
from vending.ports import Mailer, Webhook
from vending.time import millis

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""A Sunday."""
MINUTE = timedelta(minutes=1)


class MailedWorld:
    """The sweep and the queue, minute by minute."""

    def __init__(self, mailer: Mailer | None = None, webhook: Webhook | None = None, limit: int = 20) -> None:
        self.alerts = FakeDocuments("machineId")
        self.catalog = FakeDocuments("kind")
        self.queue = FakeQueue()
        self.webhook = FakeWebhook()
        self.mailer = FakeMailer()
        self.mailing = Mailing(
            mailer or self.mailer, CatalogCache(self.catalog, "Etc/UTC"), CatalogRecipients(self.catalog)
        )
        self.outgoing = Outgoing(
            self.alerts, webhook or self.webhook, limit, "https://app/dashboard", self.mailing
        )
        self.stores = AlertStores(self.alerts, FakeDocuments("id"), self.alerts, self.queue, limit)
        self.now = NOW
        self.version = 0

    def recipients(self, *held: CatalogRecipient) -> None:
        """Publish who gets mails."""
        for one in held:
            self.catalog.put(one.dump())
        self.publish()

    def site(self, name: str, machines: Sequence[str], zone: str = "Europe/Berlin", route: str = "") -> None:
        """Publish a site and its machines."""
        self.catalog.put(CatalogSite(id=name, name=name.title(), time_zone=zone, route=route).dump())
        for machine in machines:
            self.catalog.put(CatalogMachine(id=machine, site=name, placements=[("", name)]).dump())
        self.publish()

    def publish(self) -> None:
        """The catalog has a new version."""
        self.version += 1
        self.catalog.put(CatalogVersion(number=self.version).dump())

    async def find(self, machine: str, rule: str = "silent", order: int = 1, *, firing: bool = True) -> None:
        """A rule finds something: its notification goes into the queue."""
        detail: dict[str, Any] = {"celsius": 9.0} if rule == "cold-chain" else {"lastSeen": 0}
        finding = Finding(machine, rule, "machine", (order,), firing, millis(self.now), detail)
        alert = await find(self.alerts, finding, millis(self.now))
        await self.queue.send(alert.outbox[-1].dump())

    async def minute(self, step: timedelta = MINUTE) -> None:
        """Time goes by, the sweep runs and the queue drains."""
        self.now += step
        await resend(self.stores, self.now)
        await watch_notifications(self.stores, self.now)
        await self.deliver()
        await send_mails(self.outgoing, self.now)

    async def deliver(self) -> None:
        """The queue gives out what it holds; what fails is poison."""
        messages, self.queue.messages = self.queue.messages, []
        for message in messages:
            try:
                if message == ASK_FOR_DIGEST:
                    await notify_digest(self.outgoing, self.now)
                else:
                    await notify(message, self.outgoing, self.now)
            except Transient:
                continue

    def pending(self) -> list[dict[str, Any]]:
        """Notifications in the outboxes."""
        return [entry for alert in self.alerts.bodies("alert") for entry in alert["outbox"]]


def recipient(name: str, **rest: Any) -> CatalogRecipient:
    """Somebody who gets everything at any hour, unless it is said otherwise."""
    return CatalogRecipient(id=name, address=f"{name}@ops.example", **rest)
