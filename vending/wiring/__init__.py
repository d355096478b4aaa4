"""The composition root: the only place that knows both the ports and their adapters.

Nothing is built at import. Each store is built on first use and shared by the process: the async clients
keep their connections, and belong to the worker's one event loop. Whatever is built keeps to ``once``, by
which ``close`` knows of it.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from vending import resources
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.watch_lag import LagStores
from vending.alerts.watch_rollups import RollUpWatch
from vending.archive.append import Tails
from vending.archive.compact_hour import Archive
from vending.catalog.cache import CatalogCache
from vending.catalog.machines import CatalogMachines
from vending.ingest.admission import Quota
from vending.ingest.admit import Admission
from vending.ingest.exclusion_list import ExclusionList
from vending.ingest.ingest import IngestStores
from vending.ingest.name_machines import NewMachines
from vending.reports.send_daily_report import Reporting
from vending.rollups.current_days import CurrentDays
from vending.rollups.timer import RollUpStores
from vending.views.account import AccountStores
from vending.views.archive_gaps import ArchiveStores
from vending.views.day_figures import StoredDays
from vending.views.lag import HubStores
from vending.views.one_dead_letter import LetterReads
from vending.views.stores import ViewStores
from vending.wiring import clients
from vending.wiring.access import device_door
from vending.wiring.channels import dashboard, mailer, mailing, notice_office, outgoing, webhook
from vending.wiring.commands import command_polls, commands, fleet_commands
from vending.wiring.health import health_probes, recent_health, troubles
from vending.wiring.once import close, once
from vending.wiring.process import (
    cors_origins,
    decoder,
    hub_events,
    metered,
    metrics,
    quick_decoding,
    settings,
    settings_fault,
    version,
)
from vending.wiring.uploads import admit_stores, hub_sender, upload_stores
from vending.wiring.writes import letter_stores, visit_stores

if TYPE_CHECKING:
    from vending.adapters.archive_blobs import ArchiveContainer
    from vending.adapters.blobs import BlobContainer
    from vending.adapters.checkpoints import HostCheckpoints
    from vending.adapters.cosmos import CosmosDocuments
    from vending.adapters.hub_state import EventHubState
    from vending.adapters.packing import PackedDocuments
    from vending.adapters.queues import PoisonQueue, StorageQueue

__all__ = [  # of the parts; what is defined here is public anyway
    "admit_stores",
    "close",
    "command_polls",
    "commands",
    "cors_origins",
    "dashboard",
    "decoder",
    "device_door",
    "fleet_commands",
    "health_probes",
    "hub_events",
    "hub_sender",
    "letter_stores",
    "mailer",
    "mailing",
    "metered",
    "metrics",
    "notice_office",
    "outgoing",
    "quick_decoding",
    "recent_health",
    "settings",
    "settings_fault",
    "troubles",
    "upload_stores",
    "version",
    "visit_stores",
    "webhook",
]

# The SDKs log every request and answer at INFO: in Azure that would cost more than the requests.
logging.getLogger("azure").setLevel(logging.WARNING)


def machines() -> CosmosDocuments:
    """Stock, ledger pages, machine days: /machineId."""
    return clients.container("machines")


@once
def conditions() -> PackedDocuments:
    """Registers of up to 2,000 machines a document: /id."""
    from vending.adapters.packing import PackedDocuments

    return PackedDocuments(clients.container("conditions"), "machines")


def alerts() -> CosmosDocuments:
    """Alerts and their history: /machineId."""
    return clients.container("alerts")


@once
def fleet() -> PackedDocuments:
    """Site, route, product and fleet days; rollup continuations: /scope."""
    from vending.adapters.packing import PackedDocuments

    return PackedDocuments(clients.container("fleet"), "early")


def catalog() -> CosmosDocuments:
    """Sites, machines, products, planograms: /kind."""
    return clients.container("catalog")


def writes() -> CosmosDocuments:
    """Idempotency keys and audit records of writes: /scope."""
    return clients.container("writes")


def archive_blobs() -> ArchiveContainer:
    """Every raw event, and its Parquet."""
    return clients.archive(resources.ARCHIVE)


def remembered() -> ArchiveContainer:
    """What sweeps and compaction remember: overwritten every minute, and so not in the archive."""
    return clients.archive(resources.REMEMBERED)


@once
def archive_tails() -> Tails:
    """What this process remembers of the blobs that it appended to."""
    return Tails()


@once
def hub() -> EventHubState:
    """What Event Hubs says of the telemetry hub."""
    from vending.adapters.hub_state import EventHubState

    return EventHubState(clients.telemetry_producer())


@once
def checkpoints() -> HostCheckpoints:
    """How far the functions that read the hub are, as the host keeps it."""
    from vending.adapters.checkpoints import CONTAINER, HostCheckpoints
    from vending.adapters.clients import hub_namespace

    namespace = hub_namespace(os.environ, "EVENTHUB")
    container = clients.host_storage().get_container_client(CONTAINER)
    return HostCheckpoints(container, namespace, settings().telemetry_hub)


def compaction() -> Archive:
    """What compaction works on; pyarrow is imported when it is called for, not before."""
    from vending.adapters import parquet

    tables = parquet.ParquetTable, parquet.version()
    return Archive(archive_blobs(), hub(), settings().hub_generation, *tables, remembered())


def deadletters() -> BlobContainer:
    """Refused events, with the reason."""
    return clients.blobs(resources.DEADLETTERS)


def photos() -> BlobContainer:
    """Clean pictures of visits."""
    return clients.blobs(resources.PHOTOS)


def rollup_shards() -> StorageQueue:
    """One message per feed range that a roll-up must read."""
    return clients.queue(resources.ROLLUP_SHARDS)


def notifications() -> StorageQueue:
    """One message per notification."""
    return clients.queue(resources.NOTIFICATIONS)


@once
def poisoned() -> PoisonQueue:
    """Messages of notifications that failed five times."""
    from vending.adapters.queues import PoisonQueue

    return PoisonQueue(clients.queue(resources.POISON).queue)


@once
def ingest_stores() -> IngestStores:
    """Where ingest writes; what it remembers of stock and conditions is shared by the process."""
    from vending.adapters.remembering import CONDITIONS, STOCKS, RememberedDocuments

    stocks = RememberedDocuments(machines(), STOCKS)
    readings = RememberedDocuments(conditions(), CONDITIONS)

    def moved() -> None:
        stocks.clear()
        readings.clear()

    quota = Quota(int(settings().new_machines_per_hour))
    naming = NewMachines(catalog_machines(), conditions(), quota)
    admission = Admission(ExclusionList(catalog(), moved), naming)
    return IngestStores(
        stocks,
        readings,
        deadletters(),
        admission=admission,
        bound_from=settings().bound_from,
        commands=commands(),
    )


@once
def catalog_machines() -> CatalogMachines:
    """Which machines the catalog names, as this process read it last."""
    return CatalogMachines(catalog())


@once
def roll_up_stores() -> RollUpStores:
    """Where rollups read and write; the catalog's cache lives as long as the process."""
    known = CatalogCache(catalog(), settings().default_time_zone)
    return RollUpStores(machines(), machines(), fleet(), known, rollup_shards())


@once
def alert_stores() -> AlertStores:
    """Where alerts come from and go to; what is known of them lives as long as the process."""
    stores = machines(), conditions(), alerts(), notifications()
    posts = settings().posts_per_minute, outgoing().posts
    return AlertStores(*stores, *posts, catalog=catalog_machines())


def lag_stores() -> LagStores:
    """What tells how long events wait in the hub."""
    places = hub(), checkpoints(), remembered()
    limits = settings().hub_retention, settings().standing_after
    return LagStores(*places, settings().hub_generation, *limits)


def roll_up_watch() -> RollUpWatch:
    """What tells how far the rollups are."""
    return RollUpWatch(machines(), fleet(), settings().rollups_behind_after)


@once
def current_machines() -> CurrentDays:
    """Machines with their days as they count now."""
    return CurrentDays(machines(), fleet(), catalog())


@once
def current_fleet() -> CurrentDays:
    """The fleet with its days as they count now."""
    return CurrentDays(fleet(), fleet(), catalog())


@once
def view_stores() -> ViewStores:
    """Where the API reads; what it remembers for two seconds is shared by the process."""
    stores = current_machines(), conditions(), alerts(), current_fleet(), catalog()
    return ViewStores(*stores, silent_after=settings().silent_after)


def day_figures() -> StoredDays:
    """What scopes sold on a day."""
    return StoredDays(current_machines(), current_fleet())


@once
def hub_stores() -> HubStores:
    """How far the hub and its readers are; what was seen is remembered for five seconds."""
    return HubStores(hub(), checkpoints(), remembered(), settings().hub_generation)


def archive_stores() -> ArchiveStores:
    """The archive, and what compaction remembers."""
    return ArchiveStores(archive_blobs(), remembered(), settings().hub_generation)


def account_stores() -> AccountStores:
    """What the account counts."""
    return AccountStores(hub_stores(), archive_stores(), conditions())


def letter_reads() -> LetterReads:
    """Dead letters, and what tells whether one that was sent again is applied."""
    return LetterReads(deadletters(), machines(), conditions())


def reporting() -> Reporting:
    """How daily reports are sent. Raises ValueError for an hour that is none."""
    return Reporting(view_stores(), mailing(), settings().report_hour, dashboard())
