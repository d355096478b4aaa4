"""What devices say, for tests of the core: bodies, deliveries of them, and stores to take them in."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.support.fakes import FakeBlobs, FakeDocuments
from vending.documents.base import load
from vending.documents.conditions import Conditions, Entry
from vending.documents.pages import Line
from vending.documents.stock import MachineStock
from vending.events.event import Event
from vending.events.event_types import LEDGER
from vending.events.hub_event import HubEvent
from vending.events.records import decode_lines
from vending.ingest.ingest import IngestStores, Outcome, ingest
from vending.state import ledger, stock
from vending.state.conditions import merged

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def envelope(
    name: str,
    data: Mapping[str, Any],
    sequence: int,
    *,
    ledger: int | None = None,
    machine: str = "m1",
    device: str = "dev-1",
    epoch: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """The CloudEvent of a device; of ``more``, what is None leaves its attribute out.

    A ledger event's number is its ``sequence`` where none is given.
    """
    fields: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{epoch}-{sequence:012d}",
        "source": f"/devices/{device}",
        "type": f"io.vendstream.{name}.v1",
        "subject": f"machines/{machine}",
        "deviceepoch": epoch,
        "sequence": sequence,
        "time": (NOON + timedelta(milliseconds=sequence)).isoformat(),
        "clocksync": "ntp",
        "data": data,
    }
    if name in LEDGER:
        fields["ledgersequence"] = sequence if ledger is None else ledger
    return {key: value for key, value in (fields | more).items() if value is not None}


def body(name: str, data: Mapping[str, Any], sequence: int, **more: Any) -> bytes:
    """The envelope as a device sends it."""
    return msgspec.json.encode(envelope(name, data, sequence, **more))


def sale(number: int, selection: str = "A1", units: int = 1, price: int = 150) -> dict[str, Any]:
    """What a vend says of itself."""
    return {
        "vendId": f"v{number}", "selection": selection, "priceMinor": price, "currency": "EUR",
        "quantity": units, "paymentMethod": "cash", "paidMinor": price * units,
    }  # fmt: skip


def vend(sequence: int, selection: str = "A1", *, units: int = 1, price: int = 150, **more: Any) -> bytes:
    """A sale; ``data`` is added to what it says, the rest of ``more`` to the envelope."""
    said = sale(sequence, selection, units, price) | more.pop("data", {})
    return body("vend.completed", said, sequence, **more)


def level(sequence: int, units: int, selection: str = "A1", **more: Any) -> bytes:
    """A counted slot."""
    return body(
        "inventory.level", {"selections": [{"selection": selection, "level": units}]}, sequence, **more
    )


def temperature(sequence: int, celsius: float = 4.0, **more: Any) -> bytes:
    """A reading."""
    return body("temperature", {"zone": "main", "celsius": celsius}, sequence, **more)


def hub_event(sequence: int, content: bytes, *, partition: str = "0", **more: Any) -> HubEvent:
    """A body as the hub delivers it, ordinarily enqueued ``sequence`` milliseconds after 12:20."""
    fields: dict[str, Any] = {
        "generation": "1",
        "offset": str(sequence),
        "enqueued": NOON + timedelta(minutes=20, milliseconds=sequence),
        "key": None,
        "properties": {},
        "system": {},
    }
    return HubEvent(partition=partition, sequence=sequence, body=content, **(fields | more))


def delivered(bodies: Iterable[bytes], first: int = 0, partition: str = "0") -> list[HubEvent]:
    """Bodies in the order of their arrival."""
    return [hub_event(first + number, x, partition=partition) for number, x in enumerate(bodies)]


def cut(events: Sequence[HubEvent], dice: random.Random) -> list[list[HubEvent]]:
    """The events in batches of any size; now and then a batch comes a second time, or its end does."""
    batches: list[list[HubEvent]] = []
    start = 0
    while start < len(events):
        end = start + dice.randint(1, 7)
        batches.append(list(events[start:end]))
        start = end
        if dice.random() < 0.3:
            batches.append(batches[-1][dice.randrange(len(batches[-1])) :])
    return batches


@dataclass
class World:
    """Stores, and what is in them."""

    machines: FakeDocuments = field(default_factory=lambda: FakeDocuments("machineId"))
    conditions: FakeDocuments = field(default_factory=lambda: FakeDocuments("id"))
    deadletters: FakeBlobs = field(default_factory=FakeBlobs)
    bound_from: datetime | None = None

    @property
    def stores(self) -> IngestStores:
        places = self.machines, self.conditions, self.deadletters
        return IngestStores(*places, bound_from=self.bound_from)

    async def take(self, *batch: HubEvent) -> Outcome:
        return await ingest(batch, self.stores, "test")

    def stock(self, machine: str = "m1") -> dict[str, Any]:
        """The stock, without what tells how it was delivered."""
        held = self.machines.items[machine, "stock"][1]
        return {key: value for key, value in held.items() if key not in ("rev", "delivered", "gaps")}

    def held(self, machine: str = "m1") -> MachineStock:
        """The stock as its type; an empty one where there is none."""
        found = self.machines.items.get((machine, "stock"))
        return load(found[1], MachineStock) if found else stock.empty(machine)

    def stocks(self) -> dict[str, Any]:
        return {body["machineId"]: self.stock(body["machineId"]) for body in self.machines.bodies("stock")}

    def lines(self) -> dict[tuple[str, str, int, int], dict[str, Any]]:
        """Every ledger line by (machine, device, epoch, number). Fails on a number that stands twice."""
        found: dict[tuple[str, str, int, int], dict[str, Any]] = {}
        for page in self.machines.bodies("page"):
            for line in page["lines"]:
                number = (page["machineId"], page["deviceId"], page["epoch"], line["ledger"])
                assert number not in found, f"{number} is in the ledger twice"
                found[number] = line
        return found

    def fleet(self) -> dict[str, Entry]:
        return merged(load(body, Conditions) for body in self.conditions.bodies("conditions"))

    def dead(self) -> dict[str, str]:
        """Place → reason of every dead letter."""
        lines = [
            line
            for _, blocks in self.deadletters.committed.values()
            for line in decode_lines(b"".join(blocks.values()))
        ]
        return {f"{x['generation']}/{x['partition']}@{x['sequence']}": x["reason"] for x in lines}

    def state(self) -> tuple[Any, ...]:
        """Everything that must not depend on the order of arrival."""
        visits = {(one["machineId"], one["id"]): one for one in self.machines.bodies("visit")}
        return self.stocks(), self.lines(), self.fleet(), visits


def tripping(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug of ours that every vend of product 'trip' hits."""
    line = ledger.line

    def buggy(event: Event) -> Line:
        entry = line(event)
        if entry.get("product") == "trip":
            raise ZeroDivisionError("a bug")
        return entry

    monkeypatch.setattr(stock, "line", buggy)
