"""Very many devices in little memory: an event is a function of (seed, device, sequence number).

A device is two numbers, how many of its events the hub acknowledged and how many of those were vends, so
10^5 of them take less than a megabyte. The mix is that of a real day: of 20 events 8 are heartbeats,
8 temperatures, 3 vends and one says that the door closed. The first event of each is a boot.
"""

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.device import iso
from simulator.fleet import Fleet
from simulator.truth import NOTHING, MachineTruth, describe_machine

NAMES = (
    "device.heartbeat", "temperature", "device.heartbeat", "vend.completed", "temperature",
    "device.heartbeat", "temperature", "device.heartbeat", "temperature", "vend.completed",
    "device.heartbeat", "temperature", "door", "device.heartbeat", "temperature",
    "device.heartbeat", "vend.completed", "temperature", "device.heartbeat", "temperature",
)  # fmt: skip
VENDS = [index for index, name in enumerate(NAMES) if name == "vend.completed"]
VENDS_UP_TO = [sum(vend < index for vend in VENDS) for index in range(len(NAMES))]


class Devices:
    """``count`` devices; ``acknowledged[n]`` is the last sequence number of device n that the hub has."""

    def __init__(self, fleet: Fleet, epoch: int) -> None:
        self.fleet = fleet
        self.epoch = epoch
        self.acknowledged = array("L", bytes(8 * fleet.machines))

    def key(self, number: int) -> str:
        """The device's id."""
        return self.fleet.device(number)

    def event(self, number: int, sequence: int, at: int) -> bytes:
        """The event of that number, dated ``at`` (milliseconds since 1970)."""
        name, data, ledger = self._content(number, sequence)
        device = self.fleet.device(number)
        counted = f'"ledgersequence":{ledger},' if ledger else ""
        return (
            f'{{"specversion":"1.0","id":"{self.epoch}-{sequence:012d}","source":"/devices/{device}",'
            f'"type":"io.vendstream.{name}.v1","subject":"machines/{self.fleet.id(number)}",'
            f'"time":"{iso(at)}","deviceepoch":{self.epoch},"sequence":{sequence},{counted}'
            f'"bootid":"{number:016x}","uptime":{sequence * 300},"clocksync":"ntp","data":{data}}}'
        ).encode()

    def _content(self, number: int, sequence: int) -> tuple[str, str, int]:
        """Name, data and ledger number (0 for readings) of an event."""
        if sequence == 1:
            return "device.boot", '{"reason":"install","firmware":"2.1.0","lastSequence":0}', 0
        # Where in the mix a device begins depends on the device, so that any moment holds all kinds.
        phase = (number * 7 + self.fleet.seed) % len(NAMES)
        rounds, index = divmod(phase + sequence - 2, len(NAMES))
        name = NAMES[index]
        noise = (number * 2_654_435_761 + sequence * 40_503) & 0xFFFF
        if name == "vend.completed":
            ledger = rounds * len(VENDS) + VENDS_UP_TO[index] + 1 - VENDS_UP_TO[phase]
            return name, _vend(number, ledger, noise), ledger
        if name == "temperature":
            return name, f'{{"zone":"cabinet","celsius":{2 + noise % 20 / 10:.1f},"setpoint":3.0}}', 0
        if name == "door":
            return name, f'{{"open":false,"durationS":{noise % 600}}}', 0
        data = (
            f'{{"uptimeS":{sequence * 300},"firmware":"2.1.0","queueDepth":0,"rssiDbm":{-55 - noise % 50}}}'
        )
        return name, data, 0

    def truth(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each machine that sent something, with its truth."""
        for number, last in enumerate(self.acknowledged):
            own = MachineTruth()
            for sequence in range(1, last + 1):
                own.take(json.loads(self.event(number, sequence, 0)), again=False)
            if last:
                yield self.fleet.id(number), describe_machine(own, NOTHING)

    def write_truth(self, file: Path, **facts: Any) -> None:
        """The truth file, machine by machine, because all of it need not fit into memory."""
        head = {"exact": True, "seed": self.fleet.seed, "prefix": self.fleet.prefix} | facts
        totals = {"vends": 0, "units": 0, "deadLetters": 0, "duplicates": 0, "events": 0}
        revenue: dict[str, int] = {}
        with file.open("w") as out:
            out.write(json.dumps(head)[:-1] + ',"machines":{')
            for index, (machine, own) in enumerate(self.truth()):
                out.write(("," if index else "") + f"{json.dumps(machine)}:{json.dumps(own)}\n")
                totals["vends"] += own["lines"].get("vends", 0)
                totals["units"] += own["units"]
                totals["events"] += own["events"]
                for currency, minor in own["revenue"].items():
                    revenue[currency] = revenue.get(currency, 0) + minor
            out.write(f'}},"totals":{json.dumps(totals | {"revenue": revenue})}}}')


def _vend(number: int, ledger: int, noise: int) -> str:
    price = 100 + noise % 20 * 10
    payment = ("cash", "cashless", "mobile")[noise % 3]
    return (
        f'{{"vendId":"{number}-{ledger}","selection":"{"ABCD"[noise % 4]}{noise // 4 % 8 + 1}",'
        f'"priceMinor":{price},"currency":"EUR","quantity":1,"paymentMethod":"{payment}","paidMinor":{price}}}'
    )
