"""How fast a device polls: minutes ordinarily, seconds while a command is under way. Pure.

The server says it with every answer (``Retry-After``), so that it is a setting and not a release of firmware.
"""

import hashlib
from collections.abc import Sequence
from math import ceil

from vending.documents.commands import Command

BUSY_SECONDS = 5
"""While a device is at a command: the next one may follow."""
REDELIVER_AFTER = 60_000
"""Milliseconds until a command whose outcome nobody told is given again; each time twice as long."""
LONGEST_REDELIVERY = 3_600_000
SPREAD = 0.2
"""How far a machine's own pace may be from the one that is set, either way."""


def redeliver_at(command: Command) -> int:
    """When a delivered command is given again."""
    doublings = min(command.deliveries - 1, 6)
    wait = min(REDELIVER_AFTER << max(doublings, 0), LONGEST_REDELIVERY)
    return (command.delivered_at or 0) + wait


def retry_after(machine: str, ordinary: int, under_way: Sequence[Command], now: int) -> int:
    """Seconds until the device should ask again. ``ordinary``: those of a device that is at no command.

    Machines that all began at once (after a power cut) drift apart, because each has a pace of its own, which
    is the same whichever instance answers.
    """
    digest = hashlib.blake2b(machine.encode(), digest_size=2).digest()
    waits = [ordinary * (1 - SPREAD + 2 * SPREAD * int.from_bytes(digest) / 0xFFFF)]
    if any(now - (one.delivered_at or 0) < REDELIVER_AFTER for one in under_way):
        waits.append(BUSY_SECONDS)
    again = [redeliver_at(one) for one in under_way if redeliver_at(one) < one.expires_at]
    waits += [(at - now) / 1000 for at in again]
    return max(1, ceil(min(waits)))
