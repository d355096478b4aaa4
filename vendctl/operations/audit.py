"""What an audit of the archive found, and how a manifest is compared with what the raw blobs say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from vending.archive import manifest
from vending.archive.manifest import DeviceHoles, Entry, RawBlob
from vending.state import intervals
from vending.state.intervals import Intervals

Kind = Literal[
    "missing-events",
    "not-archived",
    "damaged-blob",
    "alien-blob",
    "duplicate-event",
    "changed-since-compaction",
    "wrong-manifest",
    "damaged-manifest",
    "missing-manifest",
    "wrong-table",
]


@dataclass(frozen=True)
class Finding:
    """Something that is not as the archive leaves it. ``numbers``: the hub's sequence numbers concerned."""

    kind: Kind
    where: str
    detail: str
    numbers: Intervals = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.kind:<24} {self.where}: {self.detail}"


@dataclass
class Holding:
    """What the raw blobs hold of one hub partition, over all hours that were looked at."""

    base: int = -1
    """The number before the first one that is looked for."""
    held: Intervals = field(default_factory=list)
    open: Intervals = field(default_factory=list)
    """Gaps that were open when the first hour began."""

    @property
    def count(self) -> int:
        """Events held."""
        return intervals.size(self.held)

    @property
    def through(self) -> int:
        """The highest number."""
        return max(self.base, self.held[-1][1] if self.held else -1)

    def missing(self) -> Intervals:
        """Numbers up to the highest one that no hour holds."""
        return manifest.subtract([*self.open, [self.base + 1, self.through]], self.held)


@dataclass
class Report:
    """The outcome. It is complete when there is no finding."""

    events: int = 0
    hours: int = 0
    compacted_hours: int = 0
    open_hours: list[str] = field(default_factory=list)
    """Hours with raw blobs and without a manifest, after the last compacted one."""
    orphans: list[str] = field(default_factory=list)
    """Parquet files that no manifest names: harmless to readers of manifests, deleted in time."""
    partitions: dict[str, Holding] = field(default_factory=dict)
    devices: DeviceHoles = field(default_factory=DeviceHoles)
    findings: list[Finding] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, damaged or told wrongly."""
        return not self.findings

    def figures(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "complete": self.complete,
            "events": self.events,
            "hours": self.hours,
            "compactedHours": self.compacted_hours,
            "openHours": self.open_hours,
            "orphans": self.orphans,
            "partitions": {
                key: {
                    "count": one.count,
                    "first": one.held[0][0] if one.held else None,
                    "last": one.held[-1][1] if one.held else None,
                    "missing": one.missing(),
                }
                for key, one in sorted(self.partitions.items())
            },
            "deviceHoles": {
                "devices": self.devices.devices,
                "missing": self.devices.missing,
                "examples": self.devices.examples,
            },
            "findings": [asdict(finding) for finding in self.findings],
        }


def told(numbers: Intervals, limit: int = 5) -> str:
    """Numbers for people."""
    shown = ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in numbers[:limit])
    return shown + (f" and {len(numbers) - limit} more ranges" if len(numbers) > limit else "")


def changes(entry: Entry, listed: Sequence[RawBlob]) -> list[str]:
    """The raw blobs that are not as they were compacted."""
    then, now = {blob.name: blob for blob in entry.raw}, {blob.name: blob for blob in listed}
    return (
        [f"{name} is gone" for name in then if name not in now]
        + [f"{name} is new" for name in now if name not in then]
        + [f"{name} was written to" for name in then if name in now and then[name] != now[name]]
    )


def differences(entry: Entry, found: Entry, compare: Sequence[str]) -> Iterator[str]:
    """The fields that the manifest tells wrongly."""
    for name in compare:
        says, holds = getattr(entry, name), getattr(found, name)
        if says != holds:
            yield f"{name} is {says!r}, the raw blobs say {holds!r}"


def behind(report: Report, generation: str, ends: Sequence[tuple[str, int, int]]) -> Iterator[Finding]:
    """What the hub gave out and the archive does not hold; ``ends``: (partition, first kept, last)."""
    for partition, first, last in ends:
        key = f"{generation}/{partition}"
        through = report.partitions.setdefault(key, Holding()).through
        if through < last:
            lost = min(last, first - 1)
            gone = f"; up to {lost} the hub does not keep them any more" if lost > through else ""
            yield Finding(
                "not-archived",
                key,
                f"the hub gave out numbers up to {last}, the archive holds them up to {through}{gone}",
                [[through + 1, last]],
            )


def gaps(partitions: Mapping[str, Holding]) -> Iterator[Finding]:
    """The holes, a finding each."""
    for key, holding in sorted(partitions.items()):
        for first, last in holding.missing():
            count = last - first + 1
            yield Finding(
                "missing-events",
                key,
                f"no raw blob holds {told([[first, last]])} ({count} events)",
                [[first, last]],
            )
