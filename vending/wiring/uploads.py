"""Uploads: who admits them, and what processes each kind."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

from vending import resources
from vending.catalog.cache import CatalogCache
from vending.catalog.machines import CatalogMachines
from vending.uploads.admit_upload import AdmitStores
from vending.uploads.ask_notice import NoticeStores
from vending.uploads.import_audit import AuditImport
from vending.uploads.place_audit import AuditStores
from vending.uploads.process_photo import PhotoProcessor
from vending.uploads.process_upload import UploadStores
from vending.uploads.reject import Reject
from vending.uploads.upload import Processor
from vending.wiring import clients
from vending.wiring.once import once
from vending.wiring.process import settings

if TYPE_CHECKING:
    from vending.adapters.hub_sender import EventHubSender


@once
def hub_sender() -> EventHubSender:
    """Events into the telemetry hub."""
    from vending.adapters.hub_sender import EventHubSender

    return EventHubSender(clients.telemetry_producer())


@once
def processors() -> dict[str, Processor]:
    """What makes something of an upload, by its kind: each names itself here."""
    catalog = CatalogCache(clients.container("catalog"), settings().default_time_zone)
    audits = AuditStores(clients.container("machines"), catalog)
    return {"dex": AuditImport(audits, hub_sender()), "photo": photo_processor()}


@once
def photo_processor() -> PhotoProcessor:
    """The process decodes one photo at a time, and so has one of these."""
    keep_location = settings().photo_location == "keep"
    photos = clients.blobs(resources.PHOTOS)
    return PhotoProcessor(clients.container("machines"), photos, notices(), keep_location)


@once
def notices() -> NoticeStores:
    """Where notices are kept, and the queue that they go out by."""
    return NoticeStores(clients.container("alerts"), clients.queue(resources.NOTIFICATIONS))


@once
def admit_stores() -> AdmitStores:
    """Where uploads are admitted; a kind that nothing processes is refused."""
    machines, placed = clients.container("machines"), CatalogMachines(clients.container("catalog"))
    uploads = clients.uploads(resources.UPLOADS)
    return AdmitStores(machines, placed, uploads, processors().keys(), partial(secrets.token_hex, 16))


@once
def upload_stores() -> UploadStores:
    """Where uploads come from and go to."""
    uploads = clients.uploads(resources.UPLOADS)
    reject = Reject(uploads, clients.blobs(resources.REJECTED))
    queue = clients.queue(resources.UPLOADS)
    return UploadStores(clients.container("machines"), uploads, reject, queue, processors(), notices())
