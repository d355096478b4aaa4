"""The gateway in a machine: numbers events, stamps them by its clock, and writes them as CloudEvents."""

import json
from datetime import timedelta
from typing import Any

from simulator.demand import EPOCH
from simulator.dice import Dice

LEDGER = frozenset({"vend.completed", "vend.failed", "inventory.restocked", "cash.collected"})
"""Money or goods: numbered without holes in ``ledgersequence``."""
YEAR_2000 = 946_684_800_000
FIELDS = (
    "id", "machine", "epoch", "board", "clock", "sequence", "ledger", "bootid", "booted", "offset", "drift",
    "set_at",
)  # fmt: skip


class Device:
    """One board. Stamps are milliseconds since 1970 UTC of the true time."""

    def __init__(self, device: str, machine: str, epoch: int, board: int, clock: str) -> None:
        self.id = device
        self.machine = machine
        self.epoch = epoch
        """Issued by provisioning, increasing per machine: a new board or lost storage gets the next one."""
        self.board = board
        self.clock = clock
        self.sequence = self.ledger = 0
        self.bootid = ""
        self.booted = 0
        self.offset = 0
        """How far the clock is off, in milliseconds; ``drift``: how it strays, in parts per million."""
        self.drift = 0
        self.set_at = 0

    def boot(self, stamp: int, dice: Dice, resets: bool) -> int:
        """Start; the last sequence number of the boots before. A clock without battery starts in 2000."""
        self.bootid = f"{dice.word():016x}"
        self.booted = self.set_at = stamp
        if self.clock == "rtc":
            self.drift = dice.between(-300, 300)
            self.offset = YEAR_2000 - stamp if resets else dice.between(-20_000, 20_000)
        return self.sequence

    def write(self, stamp: int, name: str, data: dict[str, Any]) -> bytes:
        """The next event, as the bytes that go to the hub."""
        self.sequence += 1
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"{self.epoch}-{self.sequence:012d}",
            "source": f"/devices/{self.id}",
            "type": f"io.vendstream.{name}.v1",
            "subject": f"machines/{self.machine}",
        }
        if self.clock != "none":
            event["time"] = iso(self.told(stamp))
        event |= {"deviceepoch": self.epoch, "sequence": self.sequence}
        if name in LEDGER:
            self.ledger += 1
            event["ledgersequence"] = self.ledger
        event |= {
            "bootid": self.bootid,
            "uptime": max(0, (stamp - self.booted) // 1000),
            "clocksync": self.clock,
            "data": data,
        }
        return encode(event)

    def told(self, stamp: int) -> int:
        """What the device's clock says at a true time."""
        return stamp + self.offset + (stamp - self.set_at) * self.drift // 1_000_000

    def replaced(self, device: str, board: int) -> "Device":
        """The device with empty storage: another board, or the same one that forgot everything."""
        return Device(device, self.machine, self.epoch + 1, board, self.clock)

    def dump(self) -> list[Any]:
        """For a state file."""
        return [getattr(self, name) for name in FIELDS]

    @classmethod
    def load(cls, raw: list[Any]) -> "Device":
        """The inverse of :meth:`dump`."""
        values = dict(zip(FIELDS, raw, strict=True))
        device = cls(*(values.pop(name) for name in ("id", "machine", "epoch", "board", "clock")))
        for name, value in values.items():
            setattr(device, name, value)
        return device


def encode(event: dict[str, Any]) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def iso(at: int) -> str:
    """Milliseconds since 1970 as RFC 3339, UTC."""
    moment = EPOCH + timedelta(milliseconds=at)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
