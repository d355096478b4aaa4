"""Events that will never be right, kept with the reason, the raw bytes and where they came from."""

import hashlib
import traceback
from collections.abc import Sequence
from itertools import groupby

from vending.domain.events import HubEvent
from vending.domain.records import encode, record
from vending.errors import Rejected
from vending.ports import Blobs

Refusal = tuple[HubEvent, Rejected]


def defect(fault: Exception) -> Rejected:
    """The refusal of an event that tripped a bug of ours, with the traceback for whoever mends it."""
    return Rejected("defect", "".join(traceback.format_exception(fault))[-8_000:])


async def write_dead_letters(blobs: Blobs, refusals: Sequence[Refusal], version: str) -> None:
    """One blob per hub partition and batch; the same refusals again find their blob already there.

    The name holds a digest of all the sequence numbers: a stale owner's shorter batch gets a name of its own.
    """
    ordered = sorted(refusals, key=lambda refusal: (_home(refusal), refusal[0].sequence))
    for home, group in groupby(ordered, _home):
        rows = list(group)
        numbers = [hub.sequence for hub, _ in rows]
        digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).hexdigest()
        name = f"{home}/{numbers[0]:012d}-{numbers[-1]:012d}-{digest}.jsonl"
        await blobs.create(name, b"".join(_line(hub, fault, version) for hub, fault in rows))


def _home(refusal: Refusal) -> str:
    return f"{refusal[0].generation}/{refusal[0].partition}"


def _line(hub: HubEvent, fault: Rejected, version: str) -> bytes:
    return encode({"reason": fault.reason, "detail": fault.detail, "version": version} | record(hub))
