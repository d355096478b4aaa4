"""The app as it is deployed: every function that an event meets, called when the platform would call it.

The clock is that of the events. Functions run one after the other; queues, the webhook and the hub's own
figures are in memory, containers and blobs are those of the local servers.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from azure.cosmos.aio import DatabaseProxy

from benchmarks.app import App
from benchmarks.arrivals import START, Day, handed_over
from benchmarks.history import History
from benchmarks.meter import Parts
from benchmarks.schedules import deployed, ticks
from devstack.functions.listeners.schedule import Schedule
from tests.support.archive import FakeArchive, FakeHub
from tests.support.fakes import FakeQueue, FakeWebhook
from tests.support.metrics import FakeMetrics
from vending.adapters import parquet
from vending.adapters.archive_blobs import ArchiveContainer
from vending.alerts import watch_lag as lagging
from vending.alerts.apply_policies import apply_policies
from vending.alerts.escalate import escalate
from vending.alerts.evaluate_quiet import evaluate_quiet
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.sweep import evaluate_ageing, evaluate_conditions
from vending.alerts.watch_days import watch_days
from vending.alerts.watch_lag import LagStores
from vending.alerts.watch_machines import watch_machines
from vending.alerts.watch_rollups import RollUpWatch, evaluate_rollups
from vending.archive.append import Tails, archive
from vending.archive.compact import compact_archive
from vending.archive.compact_hour import Archive
from vending.catalog.cache import CatalogCache
from vending.catalog.machines import CatalogMachines
from vending.documents.rollup_state import OpenDays, Shard, Shards
from vending.events.hub_event import HubEvent
from vending.ingest.admission import Quota
from vending.ingest.admit import Admission
from vending.ingest.exclusion_list import ExclusionList
from vending.ingest.name_machines import NewMachines
from vending.notifications.notify import notify
from vending.notifications.notify_digest import ASK_FOR_DIGEST, notify_digest
from vending.notifications.outgoing import Outgoing
from vending.notifications.resend import resend
from vending.notifications.watch_notifications import watch_notifications
from vending.ports import Put
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up, state_of
from vending.time import EPOCH

CLOSE, FEED, IDLE = "close_days", "machines_feed", "idle_polls"
HOST = {FEED, IDLE}
"""What the host does for the trigger of ``watch_machines``: its CPU is not ours, and not measured."""
NOT_MEASURED = {"daily_report"}
"""Timers that ask for next to nothing: the report is sent once a day and recipient."""
POLL = 2.0
"""Seconds between two polls of a feed that has nothing new (``feed_poll_delay``)."""
UNBOUNDED = 1_000_000


class Done:
    """The checkpoints of the functions that read the hub: they have done what it holds."""

    def __init__(self, hub: FakeHub) -> None:
        self._hub = hub

    async def done(self) -> dict[str, dict[str, int]]:
        """See the port."""
        return {name: dict(self._hub.last) for name in ("ingest_telemetry", "archive_telemetry")}


class Deployed(App):
    """All functions, what they remember, and what each part of them took."""

    def __init__(
        self, database: DatabaseProxy, blobs: ArchiveContainer, timers: Mapping[str, Schedule] | None = None
    ) -> None:
        super().__init__(database)
        self.now = START
        self._timers = deployed() | dict(timers or {})
        self.parts = Parts(self.meter)
        self.compacted = 0
        machines, alerts, catalog = (self.documents[name] for name in ("machines", "alerts", "catalog"))
        self._named = CatalogMachines(catalog)
        exclusions = ExclusionList(catalog, clock=lambda: self.now.timestamp())
        naming = NewMachines(self._named, self.conditions, Quota())
        self.stores = replace(self.stores, admission=Admission(exclusions, naming))
        self._known = CatalogCache(catalog, "Etc/UTC")
        self._shards, self._notices = FakeQueue(), FakeQueue()
        self._roll_ups = RollUpStores(machines, machines, self.fleet, self._known, self._shards)
        stores = machines, self.conditions, alerts, self._notices
        self._alerts = AlertStores(*stores, catalog=self._named)
        self._outgoing = Outgoing(alerts, FakeWebhook())
        self._hub, self._metrics, self._tails = FakeHub(), FakeMetrics(), Tails()
        self._blobs, self._memory = blobs, FakeArchive()
        self._feed: dict[str, str | None] = {}
        self.empty_polls = 0

    @property
    def ranges(self) -> int:
        """Of the feed of machines."""
        return len(self._feed)

    async def begin(self, day: Day) -> None:
        """Take over a fleet with its history: everything was read and evaluated once, nothing is pending."""
        history = History()
        await history.live(day)
        self.now = day.live_from
        await history.put_into({**self.documents, "conditions": self.conditions, "fleet": self.fleet})
        for partition in sorted({event.partition for event in history.last_hour}):
            await self.archive([event for event in history.last_hour if event.partition == partition])
        await self._remember(day)
        await self._go_to_the_end_of_the_feed()
        await self._first_alerts()
        self.parts = Parts(self.meter)
        self.compacted = self.empty_polls = 0

    async def _remember(self, day: Day) -> None:
        """The process has met every machine before."""
        await self._known.refresh()
        await self._named.named()
        for number in range(day.fleet.machines):
            machine = day.fleet.id(number)
            await self.stores.machines.read(machine, "stock")
            await self._known.assignment(machine)
        async for stored in self.conditions.select(None, fields=("id",)):
            name = stored.body["id"]
            await self.stores.conditions.read(name, name)

    async def _go_to_the_end_of_the_feed(self) -> None:
        machines, fleet = self.documents["machines"], self.fleet
        for one in await machines.ranges():
            found, self._feed[one] = await machines.changes(one, None, 1000)
            while found:
                found, self._feed[one] = await machines.changes(one, self._feed[one], 1000)
        shards = Shards(ranges=list(self._feed))
        await fleet.write(shards.scope, [Put(shards.dump())])
        for number, continuation in enumerate(self._feed.values()):
            shard = Shard(id=f"shard:{number}", continuation=continuation)
            await fleet.write(shard.scope, [Put(shard.dump())])

    async def _first_alerts(self) -> None:
        """What the history leaves open is raised and told, by a process without a bound on its posts."""
        alerts, outgoing = self._alerts, self._outgoing
        self._alerts = replace(alerts, posts_per_minute=UNBOUNDED)
        self._outgoing = replace(outgoing, posts_per_minute=UNBOUNDED)
        stocks = [one.body async for one in self.documents["machines"].select(None, ("type", "=", "stock"))]
        await watch_machines(stocks, self._alerts, self.now)
        await self.sweep()
        await self.notify()
        self._alerts, self._outgoing = alerts, outgoing

    async def live(self, day: Day, minutes: int) -> list[list[HubEvent]]:
        """The next minutes; the batches that came in them."""
        begin, batches = day.live_from, day.live(minutes)
        end = begin + timedelta(minutes=minutes)
        timers = {"roll_up": self.roll_up, "sweep": self.sweep, "compact": self.compact}
        if timers.keys() | NOT_MEASURED != self._timers.keys():
            raise RuntimeError(f"infra/ has the timers {sorted(self._timers)}, here are {sorted(timers)}")
        agenda: list[tuple[datetime, Callable[[], Awaitable[None]]]] = [
            (handed_over(batch), partial(self.batch, batch)) for batch in batches
        ]
        agenda += [(at, act) for name, act in timers.items() for at in ticks(self._timers[name], begin, end)]
        for at, act in sorted(agenda, key=lambda one: one[0]):
            self.now = at
            await act()
            await self.notify()
        return batches

    async def batch(self, events: Sequence[HubEvent]) -> None:
        """Both consumers take a batch; then the host finds in the feed what changed."""
        with self.parts.part("ingest"):
            await self.take(events)
        await self.archive(events)
        await self.watch()

    async def archive(self, events: Sequence[HubEvent]) -> None:
        """``archive_telemetry``; the hub then holds these events."""
        with self.parts.part("archive"):
            await archive(events, self._blobs, self._tails)
        self._hub.last[events[-1].partition] = events[-1].sequence

    async def watch(self) -> None:
        """What the host reads of the feed, until there is no more, and ``watch_machines`` on it."""
        for one in self._feed:
            found = [{"type": "unread"}]
            while found:
                with self.parts.part(FEED):
                    changes = self.documents["machines"].changes
                    found, self._feed[one] = await changes(one, self._feed[one], 100)
                if found:
                    with self.parts.part("watch_machines"):
                        await watch_machines(found, self._alerts, self.now)
                        await watch_days(found, self._alerts, self.now)
            self.empty_polls += 1

    async def notify(self) -> None:
        """Every message of the queue, until it is empty."""
        while self._notices.messages:
            message = self._notices.messages.pop(0)
            with self.parts.part("notify"):
                if message == ASK_FOR_DIGEST:
                    await notify_digest(self._outgoing, self.now)
                else:
                    await notify(message, self._outgoing, self.now)

    async def sweep(self) -> None:
        """As the function puts it together."""
        alerts, now = self._alerts, self.now
        retention, standing = timedelta(hours=24), timedelta(minutes=5)
        lag = LagStores(self._hub, Done(self._hub), self._memory, "1", retention, standing)
        rollups = RollUpWatch(self.documents["machines"], self.fleet, timedelta(minutes=15))
        with self.parts.part("sweep"):
            findings = await lagging.watch_lag(lag, self._metrics, now)
            await escalate(alerts, now)
            await resend(alerts, now)
            await evaluate_conditions(alerts, now, timedelta(hours=1), await self._named.named())
            await evaluate_ageing(alerts, now)
            await evaluate_quiet(alerts, self.fleet, now)
            await apply_policies(alerts, now)
            await watch_notifications(alerts, now)
            await lagging.alert_of_lag(findings, alerts, now)
            await evaluate_rollups(rollups, alerts, self._metrics, now)

    async def roll_up(self, _: Sequence[HubEvent] = (), part: str = "roll_up") -> None:
        """The timer, and its messages until there are no more."""
        with self.parts.part(part):
            await roll_up(self.now, self._roll_ups)
            while self._shards.messages:
                await roll_up_shard(self._shards.messages.pop(0), self.now, self._roll_ups)

    async def close_days(self) -> None:
        """A tick after every open day has ended, and all that it sends."""
        held, _ = await state_of(self._roll_ups, OpenDays(days=[]))
        self.now = EPOCH + timedelta(milliseconds=max(one.closes for one in held.days))
        await self.roll_up(part=CLOSE)
        held, _ = await state_of(self._roll_ups, OpenDays(days=[]))
        if held.days:
            raise RuntimeError(f"days that did not close: {held.days}")

    async def compact(self) -> None:
        """Compact the hours that are closed."""
        work = Archive(self._blobs, self._hub, "1", parquet.ParquetTable, parquet.version(), self._memory)
        with self.parts.part("compact"):
            self.compacted += (await compact_archive(work, self.now)).events

    async def poll_idly(self, seconds: float) -> None:
        """Reckon what the host reads of the feed while nothing happens, from what one empty read costs."""
        before = self.meter.units
        for one in self._feed:
            await self.documents["machines"].changes(one, self._feed[one], 100)
        each = (self.meter.units - before) / self.ranges
        idle = max(0.0, seconds / POLL * self.ranges - self.empty_polls)
        self.parts.by[IDLE].requests = idle
        self.parts.by[IDLE].units = idle * each
