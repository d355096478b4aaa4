"""Audit: is the archive complete, by what is in its blobs, and do the manifests tell the truth?

Every raw blob is read (unless ``quick``, which believes the block lists): its lines must be records that
belong there, in order, and as many as its blocks claim. Numbers must have no holes from 0, over all hours,
up to what the hub gave out. Each manifest is computed anew and compared; each Parquet file must have its
SHA-256. Memory: the open intervals of partitions and devices, and one hour's manifest.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from vendctl.operations import audit
from vendctl.operations.audit import Finding, Holding, Kind, Report
from vending.archive import manifest
from vending.archive.columns import row
from vending.archive.layout import HOUR, block_range, folder, hour_of, manifest_name, raw_name
from vending.archive.manifest import Entry, Manifest, RawBlob, device_holes
from vending.archive.read_archive import Damaged, raw_events
from vending.errors import Conflict, Transient
from vending.events.hub_event import HubEvent
from vending.ports import ArchiveBlobs, PartitionEnd
from vending.state import intervals
from vending.state.intervals import Intervals

ROUNDS = 8
Devices = dict[tuple[str, int], Intervals]


@dataclass(frozen=True)
class Scope:
    """Which hours, and how thoroughly."""

    start: datetime | None = None
    end: datetime | None = None
    quick: bool = False

    def holds(self, hour: datetime) -> bool:
        """Whether the hour is looked at."""
        return (self.start is None or hour >= self.start) and (self.end is None or hour < self.end)


async def audit_archive(
    blobs: ArchiveBlobs,
    generation: str,
    ends: list[PartitionEnd] | None,
    scope: Scope,
    progress: Callable[[datetime, int], None] | None = None,
) -> Report:
    """Audit the hours of the scope; ``ends``: what the hub had given out before the archive was listed."""
    walk = _Walk(blobs, scope)
    await walk.list_all()
    await walk.begin()
    for hour in sorted(walk.hours):
        await walk.hour(hour)
        if progress is not None:
            progress(hour, walk.report.events)
    report = walk.report
    report.devices = device_holes(walk.devices)
    report.findings += audit.gaps(report.partitions)
    if ends is not None and scope.end is None:
        told = [(end.partition, end.first, end.last) for end in ends]
        report.findings += audit.behind(report, generation, told)
    return report


@dataclass
class _Walk:
    blobs: ArchiveBlobs
    scope: Scope
    report: Report = field(default_factory=Report)
    hours: dict[datetime, dict[str, list[RawBlob]]] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    devices: Devices = field(default_factory=dict)
    compacted: set[datetime] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    """Partitions of which an hour changed since it was compacted: what later hours carry is old too."""

    def find(self, kind: Kind, where: str, detail: str, numbers: Intervals | None = None) -> None:
        self.report.findings.append(Finding(kind, where, detail, numbers or []))

    async def list_all(self) -> None:
        async for listed in self.blobs.listing("raw/"):
            try:
                name = raw_name(listed.name)
            except ValueError as fault:
                self.find("alien-blob", listed.name, str(fault))
                continue
            if self.scope.holds(name.hour):
                blob = RawBlob(listed.name, listed.etag, listed.size)
                self.hours.setdefault(name.hour, {}).setdefault(name.key, []).append(blob)
        async for listed in self.blobs.listing("parquet/date="):
            if not self.scope.holds(hour_of(listed.name)):
                continue
            if listed.name.endswith("/_manifest.json"):
                self.compacted.add(hour_of(listed.name))
                self.hours.setdefault(hour_of(listed.name), {})
            else:
                self.tables[listed.name] = listed.size
        self._note_uncompacted()

    def _note_uncompacted(self) -> None:
        report, last = self.report, max(self.compacted, default=None)
        report.hours, report.compacted_hours = len(self.hours), len(self.compacted)
        report.open_hours = [f"{x:%Y-%m-%dT%H}" for x in sorted(self.hours) if last is None or x > last]
        hour = min(self.hours, default=None)
        while hour is not None and last is not None and hour < last:
            if hour not in self.compacted:
                self.find("missing-manifest", manifest_name(hour), "later hours have one")
            hour += HOUR

    async def begin(self) -> None:
        """Go on from the manifest before the first hour, where the scope does not begin at the beginning."""
        if self.scope.start is None:
            return
        before = await self._manifest(self.scope.start - HOUR)
        for key, entry in before.partitions.items() if before else ():
            self.report.partitions[key] = Holding(entry.through, [], list(entry.gaps))

    async def hour(self, hour: datetime) -> None:
        before = {key: _standing(one) for key, one in self.report.partitions.items()}
        found = {key: await self._partition(key, raw) for key, raw in sorted(self.hours[hour].items())}
        if hour not in self.compacted:
            return
        told = await self._manifest(hour)
        for key, entry in told.partitions.items() if told else ():
            now = found.get(key, manifest.NOTHING_BEFORE)
            await self._compare(hour, key, entry, now, before.get(key, manifest.NOTHING_BEFORE))
        named = {entry.table.name for entry in told.partitions.values() if entry.table} if told else set()
        self.report.orphans += [
            name for name in self.tables if name.startswith(f"parquet/{folder(hour)}/") and name not in named
        ]

    async def _partition(self, key: str, raw: list[RawBlob]) -> Entry:
        """What the raw blobs of an hour hold of a partition."""
        fallback = -1 if self.scope.start is None else None
        content, numbers = _Content(), Intervals()
        for blob in raw:
            content = await self._blob(blob.name, content)
            self._hold(key, blob.name, content.held, numbers, fallback)
        for device, own in content.devices.items():
            together = self.devices.setdefault(device, [])
            for first, last in own:
                _fill(together, first, last)
        count, holes = intervals.size(numbers), device_holes(content.devices)
        return Entry(-1, [], count, numbers, content.sha256.hexdigest(), raw, None, holes)

    async def _blob(self, name: str, before: "_Content") -> "_Content":
        """The content with one more blob in it; ``held`` is that blob's alone."""
        for _ in range(ROUNDS):
            content = before.copy()
            try:
                await self._read(name, content)
            except Damaged as fault:
                self.find("damaged-blob", fault.blob, fault.detail)
            except Conflict:  # it grows while it is read: the current hour
                continue
            return content
        raise Transient(f"{name} changed {ROUNDS} times while it was read")

    async def _read(self, name: str, content: "_Content") -> None:
        blocks = await self.blobs.blocks(name)
        claimed = _claimed(name, blocks.ids)
        if self.scope.quick:
            content.held = claimed
            return
        async for line, event in raw_events(self.blobs, name, blocks.etag):
            content.take(line, event)
        if content.held != claimed:
            holds = audit.told(content.held) or "nothing"
            raise Damaged(name, f"its blocks claim {audit.told(claimed)}, it holds {holds}")

    def _hold(self, key: str, name: str, held: Intervals, numbers: Intervals, base: int | None) -> None:
        holding = self.report.partitions.get(key)
        if holding is None:
            first = held[0][0] - 1 if held and base is None else -1
            holding = self.report.partitions[key] = Holding(first)
        for first, last in held:
            new = manifest.subtract([[first, last]], holding.held)
            if new != [[first, last]]:
                self.find("duplicate-event", name, f"of {first}-{last} another blob holds some too")
            for start, end in new:
                _fill(holding.held, start, end)
                _fill(numbers, start, end)
            self.report.events += sum(end - start + 1 for start, end in new)

    async def _compare(self, hour: datetime, key: str, entry: Entry, found: Entry, before: Entry) -> None:
        name = manifest_name(hour)
        if moved := audit.changes(entry, found.raw):
            self.changed.add(key)
            lost = manifest.subtract(entry.numbers, found.numbers)
            held = f"; the manifest held {audit.told(lost)}, the raw blobs do not any more" if lost else ""
            self.find("changed-since-compaction", name, f"{key}: {', '.join(moved)}{held}", lost)
        else:
            compare = ["numbers", "count"] + (
                [] if self.scope.quick or not found.raw else ["sha256", "devices"]
            )
            compare += [] if key in self.changed else ["through", "gaps"]
            for difference in audit.differences(entry, manifest.carried(found, before), compare):
                self.find("wrong-manifest", name, f"{key}: {difference}")
        await self._check_table(name, key, entry)

    async def _check_table(self, name: str, key: str, entry: Entry) -> None:
        if entry.table is None:
            if entry.count:
                self.find("wrong-manifest", name, f"{key}: {entry.count} events and no Parquet file")
            return
        size = self.tables.get(entry.table.name)
        if size is None:
            self.find("wrong-table", entry.table.name, "the manifest names it, and it is not there")
        elif size != entry.table.size:
            self.find("wrong-table", entry.table.name, f"{size} bytes, the manifest says {entry.table.size}")
        elif not self.scope.quick:
            sha256 = hashlib.sha256()
            async for chunk in self.blobs.chunks(entry.table.name):
                sha256.update(chunk)
            if sha256.hexdigest() != entry.table.sha256:
                self.find("wrong-table", entry.table.name, "its SHA-256 is not the manifest's")

    async def _manifest(self, hour: datetime) -> Manifest | None:
        found = await self.blobs.find(manifest_name(hour))
        if found is None:
            return None
        try:
            return Manifest.decode(found[0])
        except msgspec.MsgspecError as fault:
            self.find("damaged-manifest", manifest_name(hour), str(fault))
            return None


class _Content:
    """What was read of one partition and hour."""

    def __init__(self) -> None:
        self.held: Intervals = []
        self.sha256 = hashlib.sha256()
        self.devices: Devices = {}

    def copy(self) -> "_Content":
        """As it is, for one more blob."""
        other = _Content()
        other.sha256 = self.sha256.copy()
        other.devices = {device: [list(pair) for pair in own] for device, own in self.devices.items()}
        return other

    def take(self, line: bytes, event: HubEvent) -> None:
        self.sha256.update(line)
        intervals.add(self.held, event.sequence)
        said = row(event)
        if "device" in said:
            own = self.devices.setdefault((said["device"], said["device_epoch"]), [])
            intervals.add(own, said["device_sequence"])


def _claimed(name: str, ids: Sequence[str]) -> Intervals:
    claimed: Intervals = []
    for block in ids:
        try:
            first, last = block_range(block)
        except ValueError as fault:
            raise Damaged(name, f"a block that the archive did not write: {fault}") from fault
        _fill(claimed, first, last)
    if not claimed:
        raise Damaged(name, "it has no blocks: the archive did not write it")
    return claimed


def _standing(holding: Holding) -> Entry:
    return Entry(holding.through, holding.missing())


def _fill(numbers: Intervals, first: int, last: int) -> None:
    """Put a whole range in."""
    before = [pair for pair in numbers if pair[1] < first - 1]
    after = [pair for pair in numbers if pair[0] > last + 1]
    touching = numbers[len(before) : len(numbers) - len(after)]
    joined = [min([first, *(x[0] for x in touching)]), max([last, *(x[1] for x in touching)])]
    numbers[:] = [*before, joined, *after]
