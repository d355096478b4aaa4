"""Where the archive keeps things: names of blobs and blocks, as functions of the events alone.

``raw/date=YYYY-MM-DD/hour=HH/g={generation}-p={partition}-c={sequence // 4096}.jsonl.gz`` (of the enqueued
time, UTC), ``parquet/date=…/hour=…/g={generation}-p={partition}-{digest of what went in}.parquet`` and
``parquet/date=…/hour=…/_manifest.json``, which says which Parquet files count.
"""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from vending.events.hub_event import HubEvent

CHUNK = 4096
"""Sequence numbers of one blob; as many blocks at the most, far below the service's 50,000."""
HOUR = timedelta(hours=1)
CLOSING = "parquet/_closing.json"
"""What compaction knows about how far each hub partition is archived."""
WAITING, STANDING = "hub/_waiting.json", "hub/_standing.json"
"""What sweeps remember: how far the hub was, and where a function stood before waiting events."""

_HOUR = re.compile(r"date=(\d{4}-\d{2}-\d{2})/hour=(\d{2})/")
_RAW = re.compile(r"raw/(date=[0-9-]{10}/hour=\d{2}/)g=(.+)-p=(.+)-c=(\d{8,})\.jsonl\.gz")


@dataclass(frozen=True, slots=True)
class RawName:
    """What a raw blob's name says."""

    hour: datetime
    generation: str
    partition: str
    chunk: int

    @property
    def key(self) -> str:
        """The hub partition, in one life of the hub: ``generation/partition``."""
        return f"{self.generation}/{self.partition}"


def blob_name(event: HubEvent) -> str:
    """The one raw blob that an event belongs to."""
    home = f"g={event.generation}-p={event.partition}-c={event.sequence // CHUNK:08d}"
    return f"raw/{folder(event.enqueued)}/{home}.jsonl.gz"


def raw_name(name: str) -> RawName:
    """The parts of a raw blob's name. Raises ValueError for a name that is not ours."""
    match = _RAW.fullmatch(name)
    if match is None:
        raise ValueError(f"{name} is not the name of a raw archive blob")
    return RawName(hour_of(match[1]), match[2], match[3], int(match[4]))


def folder(moment: datetime) -> str:
    """The folder of the hour that a time lies in."""
    return f"{moment.astimezone(UTC):date=%Y-%m-%d/hour=%H}"


def day_folder(day: date) -> str:
    """The folder of a day."""
    return f"date={day:%Y-%m-%d}/"


def hour_of(name: str) -> datetime:
    """The hour of a name or folder. Raises ValueError where it names none."""
    match = _HOUR.search(name)
    if match is None:
        raise ValueError(f"{name} names no hour")
    return datetime.fromisoformat(f"{match[1]}T{match[2]}:00:00+00:00")


def whole_hour(moment: datetime) -> datetime:
    """The beginning of the hour, UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def manifest_name(hour: datetime) -> str:
    """The manifest of an hour."""
    return f"parquet/{folder(hour)}/_manifest.json"


def parquet_name(hour: datetime, key: str, digest: str) -> str:
    """A Parquet file of one hour and hub partition; other contents have another digest."""
    generation, _, partition = key.rpartition("/")
    return f"parquet/{folder(hour)}/g={generation}-p={partition}-{digest}.parquet"


def block_id(first: int, last: int) -> str:
    """The block id of a run of sequence numbers (base64, of one length, as Blob Storage wants them)."""
    return base64.b64encode(f"{first:015d}-{last:015d}".encode()).decode()


def block_range(block: str) -> tuple[int, int]:
    """First and last sequence number of a block. Raises ValueError for a block that is not ours."""
    first, _, last = base64.b64decode(block).decode().partition("-")
    return int(first), int(last)
