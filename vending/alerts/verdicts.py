"""What this process found of machines lately, whose alerts need not be read again to see that none changes.

A machine's alerts agreed with one revision of its stock. Where the very next one says the same, nobody had a
reason to change them: whatever was evaluated meanwhile, by whomever, was one of the two. A revision that was
skipped, or comes again because somebody died, is evaluated in full. What is left is an evaluation on older
evidence that died between its write and its second read: its mark stays for :data:`TRUSTED` at most, beyond
the machine's next change.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from vending.alerts.transitions import Finding
from vending.documents.stock import MachineStock

TRUSTED = timedelta(hours=1)
"""For how long alerts that were read are taken to say the same."""
MACHINES = 20_000
"""That are remembered, some 8 MB; the one that was read longest ago is forgotten first."""


class Agreed(NamedTuple):
    """A revision of a machine's stock, what it says, and when its alerts were last read and said so too."""

    rev: int
    verdict: bytes
    at: datetime


class Verdicts:
    """Machine → with which revision of its stock its alerts agree."""

    def __init__(self, most: int = MACHINES) -> None:
        self._most = most
        self._agreed: dict[str, Agreed] = {}

    def agree(self, stock: MachineStock, findings: Sequence[Finding], now: datetime) -> bool:
        """Whether alerts are known to say what is found in this stock. Then the next one may follow it."""
        held = self._agreed.get(stock.machine_id)
        if held is None or held.rev + 1 != stock.rev or now - held.at >= TRUSTED:
            return False
        if held.verdict != _verdict(stock, findings):
            return False
        self._agreed[stock.machine_id] = held._replace(rev=stock.rev)
        return True

    def remember(self, stock: MachineStock, findings: Sequence[Finding], now: datetime) -> None:
        """The alerts, as they are stored, say what is found in this stock."""
        self._agreed.pop(stock.machine_id, None)  # the last to be forgotten
        self._agreed[stock.machine_id] = Agreed(stock.rev, _verdict(stock, findings), now)
        if len(self._agreed) > self._most:
            del self._agreed[next(iter(self._agreed))]


def _verdict(stock: MachineStock, findings: Sequence[Finding]) -> bytes:
    """The same for the same findings, firing, clear or neither, on evidence that operators left as it was.
    Where they mend it, they withdraw alerts too."""
    said = stock.exclusions, sorted((finding.id, str(finding.firing)) for finding in findings)
    return hashlib.blake2b(msgspec.json.encode(said), digest_size=16).digest()
