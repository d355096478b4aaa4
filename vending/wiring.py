"""The composition root: the only place that knows both the ports and their adapters.

Nothing is built at import. Each store is built on first use and shared by the process: the async clients
keep their connections, and belong to the worker's one event loop.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from vending import resources
from vending import settings as _settings
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.watch_lag import LagStores
from vending.alerts.watch_rollups import RollUpWatch
from vending.archive.append import Tails
from vending.archive.compact_hour import Archive
from vending.catalog.catalog_cache import CatalogCache
from vending.catalog.catalog_machines import CatalogMachines
from vending.events.envelope import HubEvent
from vending.ingest.admission import Quota
from vending.ingest.admit import Admission
from vending.ingest.exclusion_list import ExclusionList
from vending.ingest.ingest import IngestStores
from vending.ingest.name_machines import NewMachines
from vending.notifications.outgoing import Outgoing
from vending.ports import Metrics, Webhook
from vending.rollups.roll_up import RollUpStores
from vending.settings import Settings
from vending.views import views_health
from vending.views.views import Recent, ViewStores
from vending.views.views_health import Probe

if TYPE_CHECKING:
    import azure.functions as func

    from vending.adapters.archive_blobs import ArchiveContainer
    from vending.adapters.blobs import BlobContainer
    from vending.adapters.checkpoints import HostCheckpoints
    from vending.adapters.cosmos import CosmosDocuments
    from vending.adapters.hub_sender import EventHubSender
    from vending.adapters.hub_state import EventHubState
    from vending.adapters.metering import Cost
    from vending.adapters.packing import PackedDocuments
    from vending.adapters.queues import StorageQueue

# The SDKs log every request and answer at INFO: in Azure that would cost more than the requests.
logging.getLogger("azure").setLevel(logging.WARNING)

log = logging.getLogger(__name__)

HEALTH_FOR = timedelta(seconds=5)
"""How long an answer about health stands: anybody may ask, as often as he likes."""
_said: set[str] = set()
"""What :func:`hub_events` has logged."""
_open: list[Any] = []
"""The clients that were built, for :func:`close`."""


@cache
def settings() -> Settings:
    """This process's settings."""
    return Settings.read(os.environ)


def version() -> str:
    """This code's version."""
    return _settings.version()


def quick_decoding() -> bool:
    """Have the trigger's batches decoded by our own converter, where the library allows it."""
    from vending.adapters.decoding import install

    return install(lambda: os.environ.get("QUICK_DECODING") != "false")


def decoder() -> str:
    """``quick``, or ``library: `` and why this process decodes batches slowly."""
    from vending.adapters.decoding import slow

    why = slow()
    return "quick" if why is None else f"library: {why}"


@cache
def metrics() -> Metrics:
    """Where the figures of this process go."""
    from vending.adapters.telemetry import metrics

    return metrics()


@contextmanager
def metered(function: str) -> Iterator[Cost]:
    """Counts the request units of the block and tells them, however it ends: ``with … as cost``."""
    from vending.adapters.metering import metered

    with metered() as cost:
        try:
            yield cost
        finally:
            metrics().tell("request.units", cost.units, function=function)
            metrics().tell("throttles", cost.throttles, function=function)


def hub_events(events: Sequence[func.EventHubEvent]) -> list[HubEvent]:
    """A trigger's batch as the core sees it.

    Called within an invocation, so what the log should hold of the process as a whole is said here, once.
    """
    from vending.adapters.eventhubs import decode

    if (said := decoder()) != "quick" and said not in _said:
        _said.add(said)
        log.warning("batches are decoded slowly by the %s", said)
    return decode(events, settings().hub_generation)


def machines() -> CosmosDocuments:
    """Stock, ledger pages, machine days: /machineId."""
    return _container("machines")


@cache
def conditions() -> PackedDocuments:
    """Registers of a thousand machines a document: /id."""
    from vending.adapters.packing import PackedDocuments

    return PackedDocuments(_container("conditions"), "machines")


def alerts() -> CosmosDocuments:
    """Alerts and their history: /machineId."""
    return _container("alerts")


def fleet() -> CosmosDocuments:
    """Site, route, product and fleet days; rollup continuations: /scope."""
    return _container("fleet")


def catalog() -> CosmosDocuments:
    """Sites, machines, products, planograms: /kind."""
    return _container("catalog")


@cache
def archive_blobs() -> ArchiveContainer:
    """Every raw event, and its Parquet."""
    from vending.adapters.archive_blobs import ArchiveContainer

    return ArchiveContainer(_blob_service().get_container_client(resources.ARCHIVE))


@cache
def remembered() -> ArchiveContainer:
    """What sweeps and compaction remember: overwritten every minute, and so not in the archive."""
    from vending.adapters.archive_blobs import ArchiveContainer

    return ArchiveContainer(_blob_service().get_container_client(resources.REMEMBERED))


@cache
def archive_tails() -> Tails:
    """What this process remembers of the blobs that it appended to."""
    return Tails()


@cache
def hub() -> EventHubState:
    """What Event Hubs says of the telemetry hub."""
    from vending.adapters.clients import hub_producer
    from vending.adapters.hub_state import EventHubState

    return _keep(EventHubState(hub_producer(os.environ, "EVENTHUB", settings().telemetry_hub)))


@cache
def checkpoints() -> HostCheckpoints:
    """How far the functions that read the hub are, as the host keeps it."""
    from vending.adapters.checkpoints import CONTAINER, HostCheckpoints
    from vending.adapters.clients import blob_service, hub_namespace

    namespace = hub_namespace(os.environ, "EVENTHUB")
    service = _keep(blob_service(os.environ, "AzureWebJobsStorage"))
    return HostCheckpoints(service.get_container_client(CONTAINER), namespace, settings().telemetry_hub)


@cache
def hub_sender() -> EventHubSender:
    """Events into the telemetry hub."""
    from vending.adapters.clients import hub_producer
    from vending.adapters.hub_sender import EventHubSender

    return _keep(EventHubSender(hub_producer(os.environ, "EVENTHUB", settings().telemetry_hub)))


def compaction() -> Archive:
    """What compaction works on; pyarrow is imported when it is called for, not before."""
    from vending.adapters import parquet

    tables = parquet.ParquetTable, parquet.version()
    return Archive(archive_blobs(), hub(), settings().hub_generation, *tables, remembered())


def deadletters() -> BlobContainer:
    """Events that will never be right, with the reason."""
    return _blobs(resources.DEADLETTERS)


def rollup_shards() -> StorageQueue:
    """One message per feed range that a roll-up must read."""
    return _queue(resources.ROLLUP_SHARDS)


def notifications() -> StorageQueue:
    """One message per notification."""
    return _queue(resources.NOTIFICATIONS)


@cache
def webhook() -> Webhook | None:
    """Where notifications go; None where no address is set. Raises ValueError for an address that is none."""
    receiver = settings().receiver()
    if receiver is None:
        return None
    from vending.adapters.webhook import HttpWebhook

    return _keep(HttpWebhook(receiver.url, receiver.key))


@cache
def outgoing() -> Outgoing:
    """Where notifications go out; that a minute is full is known to the process."""
    host = os.environ.get("WEBSITE_HOSTNAME", "")
    link = f"{'http' if host.startswith('localhost') else 'https'}://{host}/dashboard" if host else ""
    return Outgoing(alerts(), webhook(), settings().posts_per_minute, link)


@cache
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
        stocks, readings, deadletters(), admission=admission, bound_from=settings().bound_from
    )


@cache
def catalog_machines() -> CatalogMachines:
    """Which machines the catalog names, as this process read it last."""
    return CatalogMachines(catalog())


@cache
def roll_up_stores() -> RollUpStores:
    """Where rollups read and write; the catalog's cache lives as long as the process."""
    known = CatalogCache(catalog(), settings().default_time_zone)
    return RollUpStores(machines(), machines(), fleet(), known, rollup_shards())


def alert_stores() -> AlertStores:
    """Where alerts come from and go to."""
    stores = machines(), conditions(), alerts(), notifications()
    return AlertStores(*stores, settings().posts_per_minute)


def lag_stores() -> LagStores:
    """What tells how long events wait in the hub."""
    places = hub(), checkpoints(), remembered()
    limits = settings().hub_retention, settings().standing_after
    return LagStores(*places, settings().hub_generation, *limits)


def roll_up_watch() -> RollUpWatch:
    """What tells how far the rollups are."""
    return RollUpWatch(machines(), fleet(), settings().rollups_behind_after)


@cache
def view_stores() -> ViewStores:
    """Where the API reads; what it remembers for two seconds is shared by the process."""
    stores = machines(), conditions(), alerts(), fleet(), catalog()
    return ViewStores(*stores, silent_after=settings().silent_after)


def settings_fault() -> str | None:
    """What is wrong with this process's settings, if anything."""
    try:
        Settings.checked(os.environ)
    except ValueError as fault:
        return str(fault)
    return None


@cache
def recent_health() -> Recent:
    """What this process found when it was asked for its health."""
    return Recent(HEALTH_FOR)


def health_probes() -> dict[str, Probe]:
    """One cheap read of every store, by its name: an item that does not exist, the length of a queue.

    The clients are built here: importing them takes seconds, which are not the stores'. A connection that is
    missing costs its own stores.
    """
    documents = [name for name in resources.CONTAINERS if name != resources.LEASES]
    return (
        {f"cosmos/{name}": _probe(_look_at_container, name) for name in documents}
        | {f"blobs/{name}": _probe(_look_at_blobs, name) for name in resources.BLOB_CONTAINERS}
        | {f"queues/{name}": _probe(_look_at_queue, name) for name in resources.QUEUES}
    )


def _probe(build: Callable[[str], Probe], name: str) -> Probe:
    try:
        return build(name)
    except (KeyError, ValueError) as fault:
        why = fault  # the name of an except clause ends with it

        async def unbuilt() -> None:
            raise why

        return unbuilt


def _look_at_container(name: str) -> Probe:
    return partial(_container(name).read, "health", "health")


def _look_at_blobs(name: str) -> Probe:
    return partial(_blobs(name).blocks, "health")


def _look_at_queue(name: str) -> Probe:
    return _queue(name).length


async def troubles() -> list[str]:
    """What the app's own open alerts say; asks the container ``alerts``."""
    return await views_health.troubles(alerts())


async def close() -> None:
    """Close every client: for commands, which end; the functions' worker keeps them for its life."""
    while _open:
        await _open.pop().close()
    for cached in _cached:
        cached.cache_clear()


@cache
def _container(name: str) -> CosmosDocuments:
    from vending.adapters.cosmos import CosmosDocuments

    key_field = resources.CONTAINERS[name].removeprefix("/")
    database = _cosmos().get_database_client(settings().cosmos_database)
    return CosmosDocuments(database.get_container_client(name), key_field)


@cache
def _blobs(name: str) -> BlobContainer:
    from vending.adapters.blobs import BlobContainer

    return BlobContainer(_blob_service().get_container_client(name))


@cache
def _queue(name: str) -> StorageQueue:
    from vending.adapters.queues import StorageQueue

    return StorageQueue(_queue_service().get_queue_client(name))


@cache
def _cosmos() -> Any:
    from vending.adapters.clients import cosmos_client

    return _keep(cosmos_client(os.environ, "COSMOS"))


@cache
def _blob_service() -> Any:
    from vending.adapters.clients import blob_service

    return _keep(blob_service(os.environ, "DATA"))


@cache
def _queue_service() -> Any:
    from vending.adapters.clients import queue_service

    return _keep(queue_service(os.environ, "DATA"))


def _keep[Client](client: Client) -> Client:
    _open.append(client)
    return client


_cached = (
    settings, metrics, webhook, outgoing, recent_health, archive_blobs, archive_tails, hub, checkpoints,
    hub_sender, conditions, catalog_machines, ingest_stores, roll_up_stores, view_stores, _container, _blobs,
    _queue, _cosmos, _blob_service, _queue_service, remembered,
)  # fmt: skip
"""What :func:`close` forgets."""
