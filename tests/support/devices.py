"""Devices for end-to-end tests: they number their events as the catalogue wants, and send them for real."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.events import body, sale
from vending.events.event_types import LEDGER

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
        return self.event("vend.completed", sale(self.sequence + 1, selection, price=price) | more)

    def level(self, units: int, selection: str = "A1") -> bytes:
        """A counted slot."""
        return self.event("inventory.level", {"selections": [{"selection": selection, "level": units}]})

    def temperature(self, celsius: float = 4.0) -> bytes:
        """A reading."""
        return self.event("temperature", {"zone": "main", "celsius": celsius})

    def event(self, name: str, data: dict[str, Any]) -> bytes:
        """Any event."""
        self.sequence += 1
        self.ledger += name in LEDGER
        time = (self.started + timedelta(minutes=self.sequence)).isoformat()
        who: dict[str, Any] = {"machine": self.machine, "device": self.name, "epoch": self.epoch}
        self.sent.append(body(name, data, self.sequence, ledger=self.ledger, time=time, **who))
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
