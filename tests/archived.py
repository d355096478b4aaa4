"""Hub events for the archive's tests, and what an archive holds, read back from its blobs alone."""

import gzip
from datetime import UTC, datetime, timedelta

import msgspec

from tests.fakes import FakeBlobs
from vending.domain.events import HubEvent
from vending.domain.records import decode_lines, restore

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AWKWARD = (
    b"",
    b"\n",
    b"not json",
    b'{"a": 1.50,\r\n "b": "\xc3\xa9"}\n',
    b"\xff\xfe\x00\x01",
    b"\xef\xbb\xbf{}",
    b"\xed\xa0\x80",
    "\u2028\u2029\x85\x00".encode(),
)
"""Bodies that a careless archive changes: empty, line feeds, spacing, not UTF-8, a byte-order mark, half a
surrogate, Unicode's own line ends."""


def hub_event(
    sequence: int, body: bytes = b"{}", *, partition: str = "0", at: datetime = NOON, step: float = 0.01
) -> HubEvent:
    """Event ``sequence`` of a partition, enqueued ``step`` seconds after the one before."""
    return HubEvent(
        generation="1",
        partition=partition,
        sequence=sequence,
        offset=str(sequence * 100),
        enqueued=at + timedelta(seconds=sequence * step),
        key=f"dev-{sequence % 7}",
        properties={"content-type": "application/json", "n": sequence},
        system={"x-opt-publisher": f"dev-{sequence % 7}"},
        body=body,
    )


def reading(
    sequence: int, machine: str, device_sequence: int, *, partition: str = "0", at: datetime = NOON
) -> HubEvent:
    """A valid temperature reading as an event of a partition."""
    body = {
        "specversion": "1.0",
        "id": f"1-{device_sequence:012d}",
        "source": f"/devices/dev-{machine}",
        "type": "io.vendstream.temperature.v1",
        "subject": f"machines/{machine}",
        "deviceepoch": 1,
        "sequence": device_sequence,
        "time": (at + timedelta(seconds=sequence)).isoformat(),
        "clocksync": "ntp",
        "data": {"zone": "main", "celsius": 4.5 + sequence % 3},
    }
    return hub_event(sequence, msgspec.json.encode(body), partition=partition, at=at, step=1)


def held(blobs: FakeBlobs, prefix: str = "raw/") -> list[HubEvent]:
    """Every archived event, in the order of blobs and of their blocks."""
    events: list[HubEvent] = []
    for name, (_, blocks) in sorted(blobs.committed.items()):
        if name.startswith(prefix):
            events += map(restore, decode_lines(gzip.decompress(b"".join(blocks.values()))))
    return events
