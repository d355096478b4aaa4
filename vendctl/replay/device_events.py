"""Sales → the events that the machines' devices would have sent: the same file gives the same bytes.

One device per machine, of device epoch 1. Its events are numbered in the order of their times, without holes;
every event is a vend, so that ``sequence`` and ``ledgersequence`` agree.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from vendctl.replay.money import shares
from vendctl.replay.names import identifiers
from vendctl.replay.sale import Sale
from vendctl.replay.times import spread
from vending.events.envelope import TYPE_PREFIX, TYPE_SUFFIX

EPOCH = 1
UNITS = 100
"""Units of one event, by the catalogue; a larger sale becomes several events."""
FORMAT = 2
"""Goes up when the same file would give other events, so that they are never sent over older ones."""


@dataclass(frozen=True, slots=True)
class DeviceEvents:
    """All events of one device, in order."""

    machine: str
    device: str
    bodies: list[bytes]


@dataclass(frozen=True, slots=True)
class _Vend:
    at: datetime
    sale: Sale
    quantity: int
    paid: int


def device_events(sales: Sequence[Sale], zone: ZoneInfo) -> list[DeviceEvents]:
    """The events of each machine's device, machines in order."""
    machines: dict[str, list[Sale]] = {}
    for sale in sales:
        machines.setdefault(sale.machine, []).append(sale)
    known = skus(sales)
    return [
        DeviceEvents(machine, device_id(machine), _bodies(machine, own, zone, known))
        for machine, own in sorted(machines.items())
    ]


def skus(sales: Iterable[Sale]) -> dict[str, str]:
    """Product → the SKU that its vends carry; sales without a product have none."""
    return identifiers(sorted({sale.product for sale in sales if sale.product}), "product")


def device_id(machine: str) -> str:
    """The device that speaks for a replayed machine; also its partition key."""
    return f"replay-{machine}"


def timed(sales: Iterable[Sale], zone: ZoneInfo) -> list[tuple[datetime, Sale]]:
    """One machine's sales with their times, in order.

    Sales with a date only lie evenly over their local day in the file's order; the lines of one transaction
    happen at once.
    """
    sales = list(sales)
    dated: dict[date, dict[str, list[Sale]]] = {}
    for sale in sales:
        if sale.at is None:
            together = dated.setdefault(sale.day, {})
            together.setdefault(sale.transaction or f"line {sale.line}", []).append(sale)
    found = [(sale.at, sale) for sale in sales if sale.at is not None]
    for day, transactions in dated.items():
        for at, lines in zip(spread(day, len(transactions), zone), transactions.values(), strict=True):
            found += [(at, sale) for sale in lines]
    return sorted(found, key=lambda pair: (pair[0], pair[1].line))


def _bodies(machine: str, sales: list[Sale], zone: ZoneInfo, known: Mapping[str, str]) -> list[bytes]:
    vends = [vend for at, sale in timed(sales, zone) for vend in _split(at, sale)]
    return [_body(machine, number, vend, known) for number, vend in enumerate(vends, 1)]


def _split(at: datetime, sale: Sale) -> Iterator[_Vend]:
    full, rest = divmod(sale.quantity, UNITS)
    quantities = [UNITS] * full + [rest] * (rest > 0)
    for quantity, paid in zip(quantities, shares(sale.paid, quantities), strict=True):
        yield _Vend(at, sale, quantity, paid)


def _body(machine: str, number: int, vend: _Vend, known: Mapping[str, str]) -> bytes:
    sale = vend.sale
    data = {
        "vendId": f"vend-{number}",
        "selection": sale.selection,
        "priceMinor": vend.paid // vend.quantity,
        "currency": sale.currency,
        "quantity": vend.quantity,
        "paymentMethod": sale.payment,
        "paidMinor": vend.paid,
        "sku": known.get(sale.product or ""),
        "product": sale.product,
        "processorTxnId": sale.transaction,
    }
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": f"{EPOCH}-{number:012d}",
            "source": f"/devices/{device_id(machine)}",
            "type": f"{TYPE_PREFIX}vend.completed{TYPE_SUFFIX}",
            "subject": f"machines/{machine}",
            "time": vend.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "deviceepoch": EPOCH,
            "sequence": number,
            "ledgersequence": number,
            "clocksync": "import",
            "data": {key: value for key, value in data.items() if value is not None},
        }
    )
