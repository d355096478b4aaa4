"""What each example of docs/events makes of a machine: ledger line, slots, totals, registers."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tests.support.metadata import ROOT
from vending.events.base import LedgerEvent, SlotEffect, StockEvent, Tally, TillEffect
from vending.events.event_types import EVENT_TYPES, LEDGER

FACTS: dict[str, dict[str, Any]] = {
    "audit.imported": {
        "upload": "0f4c8d5e6a7b49c8812e3d4f5a6b7c8d", "checksum": "right", "tolerances": 1,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "readAt": "2026-03-02T09:31:00", "serial": "1000123", "currency": "EUR", "decimals": 2,
        "paidVends": 18432, "paidValue": 2304000, "clock": "machine",
        "sold": {
            "since": 1772353800000, "vends": 12, "value": 1640, "free": 1,
            "selections": [["A1", 7, 840, 120], ["A2", 4, 600, 150]],
            "payments": {"cash": [8, 1040], "cashless": [4, 600]},
        },
    },
    "vend.completed": {
        "selection": "B4", "quantity": 1, "priceMinor": 180, "paidMinor": 180, "currency": "EUR",
        "payment": "cashless", "sku": "cola-033", "product": "Cola 0.33 l", "taxMinor": 29,
    },
    "vend.failed": {"selection": "B4", "reason": "nodrop", "refunded": True},
    "inventory.restocked": {
        "visit": "visit-318", "slots": [["A1", 2, 8, 0, 0, 10], ["B4", 5, 4, 1, 1, 8]],
    },
    "cash.collected": {
        "visit": "visit-318", "bag": "bag-77120", "currency": "EUR", "boxMinor": 8450, "billsMinor": 6000,
        "countedMinor": 14450,
    },
}  # fmt: skip
"""The ledger line's own part; slots of a restock are [selection, before, added, removed, spoiled, after]."""
KINDS = {
    "audit.imported": "audit",
    "vend.completed": "vend",
    "vend.failed": "failure",
    "inventory.restocked": "restock",
    "cash.collected": "collection",
}
TOTALS = {
    "audit.imported": Tally({}),
    "vend.completed": Tally({"vends": 1, "units": 1}, "EUR", 180),
    "vend.failed": Tally({"failures": 1}),
    "inventory.restocked": Tally({"restocks": 1}),
    "cash.collected": Tally({"collections": 1}),
}
TILLS = {
    "audit.imported": None,
    "vend.completed": None,
    "vend.failed": None,
    "inventory.restocked": None,
    "cash.collected": TillEffect(emptied=True),
}
SLOTS = {
    "audit.imported": [],
    "vend.completed": [SlotEffect("B4", level=7, vended=1)],
    "vend.failed": [SlotEffect("B4", failed=True)],
    "inventory.restocked": [SlotEffect("A1", level=10), SlotEffect("B4", level=8)],
    "inventory.level": [SlotEffect("A1", level=10, capacity=12), SlotEffect("B4", level=8, capacity=10)],
    "cash.collected": [],
}
REGISTERS: dict[str, dict[str, list[Any]]] = {
    "audit.dex": {"audit": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]},
    "cash.level": {
        "cash": [[[10, 54, False], [50, 61, True]]],
        "cashbox:bills": [12],
        "cashbox:coins": [8450],
    },
    "command.result": {"command": ["cmd-552", "succeeded"]},
    "device.boot": {"boot": ["watchdog"], "firmware": ["4.2.1"]},
    "device.heartbeat": {"heartbeat": [864000, 0, -71], "firmware": ["4.2.1"]},
    "door": {"door": [True]},
    "fault.cleared": {"fault:coin-mech:EAR": [False]},
    "fault.raised": {"fault:coin-mech:EAR": [True]},
    "health.lockout": {"lockout": ["main", 8.5], "locked:main": [3]},
    "planogram.applied": {"planogram.applied": ["planogram-14"]},
    "power": {"power": ["brownout"]},
    "price.applied": {"price.applied": ["prices-2026-03"]},
    "temperature": {"temp:main": [4.5], "fair:main": [4.5]},
    "visit.ended": {"visit": ["visit-318", "fill", False]},
    "visit.started": {"visit": ["visit-318", "fill", True]},
}


def example(name: str, **change: Any) -> Any:
    """The example's payload; a changed field that is None is left out of it."""
    said = json.loads((ROOT / "tests" / "events" / f"{name}.json").read_text())
    data = said.get("data", said) | change
    stated = {field: value for field, value in data.items() if value is not None}
    return msgspec.convert(stated, EVENT_TYPES[name])


def test_each_type_is_here() -> None:
    assert set(FACTS) == set(KINDS) == set(TOTALS) == set(TILLS) == set(LEDGER)
    assert set(SLOTS) == {*LEDGER, "inventory.level"}
    assert set(REGISTERS) | set(SLOTS) == set(EVENT_TYPES)


@pytest.mark.parametrize("name", sorted(FACTS))
def test_a_ledger_event_makes_a_line_and_a_total(name: str) -> None:
    data = example(name)
    assert isinstance(data, LedgerEvent)
    assert {key: value for key, value in data.facts().items() if value is not UNSET} == FACTS[name]
    assert (data.line_kind, data.tally(), data.till()) == (KINDS[name], TOTALS[name], TILLS[name])


@pytest.mark.parametrize("name", sorted(SLOTS))
def test_a_stock_event_changes_its_slots(name: str) -> None:
    data = example(name)
    assert isinstance(data, StockEvent)
    assert list(data.slots()) == SLOTS[name]


@pytest.mark.parametrize("name", sorted(REGISTERS))
def test_a_reading_writes_its_registers(name: str) -> None:
    assert example(name).registers(name) == REGISTERS[name]


def test_what_is_given_away_is_counted_apart_and_its_units_left_the_machine() -> None:
    free = example("vend.completed", paymentMethod="free", quantity=2, paidMinor=0)
    assert free.tally() == Tally({"free": 1, "units": 2}, "EUR", 0)


def test_a_test_vend_is_counted_and_sells_nothing() -> None:
    """Its slot is one emptier all the same."""
    tested = example("vend.completed", paymentMethod="test", levelAfter=None)
    assert tested.tally() == Tally({"test": 1}, "EUR")
    assert tested.slots() == (SlotEffect("B4", vended=1),)


def test_cash_is_what_was_paid_in_cash() -> None:
    assert example("vend.completed", paymentMethod="cash").till() == TillEffect(cash=180, currency="EUR")
    assert all(
        example("vend.completed", paymentMethod=method).till() is None
        for method in ("cashless", "mobile", "token", "free", "test")
    )


@pytest.mark.parametrize("reason", ["motor", "nodrop", "denied", "cancel", "soldout"])
@pytest.mark.parametrize("refunded", [True, False, None])
def test_a_slot_fails_by_its_own_fault_and_owes_what_was_not_refunded(
    reason: str, refunded: bool | None
) -> None:
    failed = example("vend.failed", reason=reason, refunded=refunded, priceMinor=180, currency="EUR")
    of_the_slot = reason in ("motor", "nodrop")
    assert failed.slots() == ((SlotEffect("B4", failed=True),) if of_the_slot else ())
    owes = of_the_slot and refunded is False
    assert failed.till() == (TillEffect(owed=180, currency="EUR") if owes else None)


def test_what_is_owed_may_be_of_an_unknown_amount() -> None:
    failed = example("vend.failed", refunded=False, priceMinor=None, currency=None)
    assert failed.till() == TillEffect(owed=0)


def test_a_discount_stands_on_the_ledger_line() -> None:
    assert example("vend.completed", discountMinor=20).facts()["discountMinor"] == 20


@pytest.mark.parametrize(
    ("celsius", "band"),
    [
        (-20.0, "good"), (4.4, "good"), (4.5, "fair"), (5.0, "fair"), (5.1, "mild"), (7.2, "mild"),
        (7.3, None), (56.9, None), (57.0, "hot"),
    ],
)  # fmt: skip
def test_a_reading_is_of_one_band_at_most(celsius: float, band: str | None) -> None:
    """So the newest reading within any of the limits is known: it is the newest of some bands."""
    said = {"temp:main": [celsius]} | ({f"{band}:main": [celsius]} if band else {})
    assert example("temperature", celsius=celsius).registers("temperature") == said


def test_a_reading_within_a_defrost_says_so() -> None:
    assert example("temperature", defrost=True).registers("temperature")["defrost:main"] == []


def test_a_machine_that_locks_nothing_says_that_too() -> None:
    assert example("health.lockout", lockedSelections=[]).registers("health.lockout")["locked:main"] == [0]


def test_a_heartbeat_may_say_how_often_it_comes() -> None:
    said = example("device.heartbeat", intervalS=900).registers("device.heartbeat")
    assert said["heartbeat.interval"] == [900]


def test_a_heartbeat_without_a_modem_says_no_signal() -> None:
    said = example("device.heartbeat", rssiDbm=None).registers("device.heartbeat")
    assert said["heartbeat"] == [864000, 0]


def test_a_faults_words_cannot_be_taken_for_one_another() -> None:
    """A colon separates them in the register's name, and may stand in each."""
    one = example("fault.raised", component="bill:1", code="7")
    other = example("fault.raised", component="bill", code="1:7")
    assert one.registers("fault.raised") == {"fault:bill~1:7": [True]}
    assert other.registers("fault.cleared") == {"fault:bill:1~7": [False]}
