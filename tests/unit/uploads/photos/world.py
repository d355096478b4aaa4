"""Photos on fakes: what stands in the stores after any number of attempts, and what mails went out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.fakes import FakeBlobs, FakeDocuments, FakeMailer, FakeQueue, Hook, nothing
from tests.support.pictures import telling
from vending.catalog.cache import CatalogCache
from vending.catalog.recipients import CatalogRecipients
from vending.documents.base import load
from vending.documents.notices import Notice
from vending.documents.photos import PhotoRecord
from vending.notifications.deliver_notice import NoticeOffice, deliver_notice
from vending.notifications.mailing import Mailing
from vending.uploads.ask_notice import NoticeStores
from vending.uploads.process_photo import PhotoProcessor
from vending.uploads.upload import Processed, Upload
from vending.views.stores import ViewStores

NOW = datetime(2026, 11, 26, 15, 10, tzinfo=UTC)
SUPERVISOR = "rita@example.com"
UPLOAD = "0" * 31 + "7"
PHOTO = telling(orientation=6)
HTML = b"<!DOCTYPE html><title>Sign in</title>"


def upload(id: str = UPLOAD, machine: str = "vm-1", at: datetime = NOW) -> Upload:  # noqa: A002
    """A photo of a visit."""
    name = f"photo/{machine}/2026-11-26/{id}"
    return Upload(id, "photo", machine, "v-9", name, "0x8D4", "image/jpeg", at)


def read_only(machines: FakeDocuments) -> ViewStores:
    """The stores of the read models, all empty but one."""
    none = FakeDocuments("id")
    return ViewStores(machines, none, none, none, none)


@dataclass
class World:
    """What an app with photos has. ``fault`` and ``after`` are called around each step, with its name."""

    fault: Hook = nothing
    after: Hook = nothing
    keep_location: bool = False
    people: Sequence[str] = (SUPERVISOR,)
    steps: list[str] = field(default_factory=list)
    delivered: int = 0

    def __post_init__(self) -> None:
        def hooks(where: str) -> dict[str, Callable[[str, str], None]]:
            def before(operation: str, key: str) -> None:
                self.steps.append(f"{where} {operation}")
                self.fault(f"{where} {operation}", key)

            return {"fault": before, "after": lambda operation, key: self.after(f"{where} {operation}", key)}

        self.machines = FakeDocuments("machineId", **hooks("machines"))
        self.alerts = FakeDocuments("machineId", **hooks("alerts"))
        self.photos = FakeBlobs(**hooks("photos"))
        self.queue = FakeQueue(hooks("queue")["fault"])
        self.mailer = FakeMailer(**hooks("mailer"))
        self.notices = NoticeStores(self.alerts, self.queue)
        self.catalog = FakeDocuments("kind")
        known, recipients = CatalogCache(self.catalog, "Etc/UTC"), CatalogRecipients(self.catalog)
        mailing = Mailing(self.mailer, known, recipients, self.people)
        self.office = NoticeOffice(self.alerts, mailing, "https://fleet.example.com")

    async def process(self, data: bytes = PHOTO, of: Upload | None = None) -> Processed:
        """Deliver an upload's message, to a process of its own."""
        process = PhotoProcessor(self.machines, self.photos, self.notices, self.keep_location)
        return await process(of or upload(), data, NOW)

    async def deliver(self, now: datetime = NOW) -> None:
        """Deliver the messages of the queue that were not taken yet."""
        while self.delivered < len(self.queue.messages):
            message = self.queue.messages[self.delivered]
            await deliver_notice(message, self.office, now)
            self.delivered += 1

    def views(self) -> ViewStores:
        """Where the read models read."""
        return read_only(self.machines)

    def records(self) -> list[PhotoRecord]:
        return [load(body, PhotoRecord) for body in self.machines.bodies("photo")]

    def asked(self) -> list[Notice]:
        return [load(body, Notice) for body in self.alerts.bodies("notice")]

    def pictures(self) -> dict[str, bytes]:
        return {name: parts[""] for name, (_, parts) in self.photos.committed.items()}

    def mailed(self) -> list[tuple[str, Any]]:
        return [(mail.to, mail.key) for mail in self.mailer.mails]
