"""Devices for end-to-end tests: they number their events as the catalogue wants, and send them for real."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Device:
    """One board in one machine; each method gives the body of its next event."""

    machine: str
    epoch: int = 1
    sequence: int = 0
    ledger: int = 0
    started: datetime = START
    sent: list[bytes] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The device's id, which is its partition key too."""
        return f"dev-{self.machine}"

    def vend(self, selection: str = "A1", price: int = 150, **more: Any) -> bytes:
        """A sale of one unit."""
        data = {
            "vendId": f"v{self.sequence + 1}", "selection": selection, "priceMinor": price, "currency": "EUR",
            "quantity": 1, "paymentMethod": "cash", "paidMinor": price,
        }  # fmt: skip
        return self.event("vend.completed", data | more, counted=True)

    def level(self, units: int, selection: str = "A1") -> bytes:
        """A counted slot."""
        return self.event("inventory.level", {"selections": [{"selection": selection, "level": units}]})

    def temperature(self, celsius: float = 4.0) -> bytes:
        """A reading."""
        return self.event("temperature", {"zone": "main", "celsius": celsius})

    def event(self, name: str, data: dict[str, Any], *, counted: bool = False) -> bytes:
        """Any event."""
        self.sequence += 1
        self.ledger += counted
        body: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"{self.epoch}-{self.sequence:012d}",
            "source": f"/devices/{self.name}",
            "type": f"io.vendstream.{name}.v1",
            "subject": f"machines/{self.machine}",
            "time": (self.started + timedelta(minutes=self.sequence)).isoformat(),
            "clocksync": "ntp",
            "deviceepoch": self.epoch,
            "sequence": self.sequence,
            "data": data,
        } | ({"ledgersequence": self.ledger} if counted else {})
        self.sent.append(msgspec.json.encode(body))
        return self.sent[-1]


def send(connection: str, hub: str, batches: Iterable[tuple[str, list[bytes]]]) -> None:
    """Send each list of bodies under its partition key, by the official producer."""
    asyncio.run(_send(connection, hub, batches))


async def _send(connection: str, hub: str, batches: Iterable[tuple[str, list[bytes]]]) -> None:
    from azure.eventhub import EventData
    from azure.eventhub.aio import EventHubProducerClient

    async with EventHubProducerClient.from_connection_string(connection, eventhub_name=hub) as producer:
        for key, bodies in batches:
            await producer.send_batch([EventData(body) for body in bodies], partition_key=key)
