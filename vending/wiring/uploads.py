"""Uploads: who admits them, and what processes each kind."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

from vending import resources
from vending.catalog.machines import CatalogMachines
from vending.uploads.admit_upload import AdmitStores
from vending.uploads.import_audit import AuditImport
from vending.uploads.process_upload import UploadStores
from vending.uploads.reject import Reject
from vending.uploads.upload import Processor
from vending.wiring import clients
from vending.wiring.once import once

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
    return {"dex": AuditImport(clients.container("machines"), hub_sender())}


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
    return UploadStores(clients.container("machines"), uploads, reject, queue, processors())
