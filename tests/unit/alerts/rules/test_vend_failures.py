"""Slots that give nothing out."""

from typing import Any

import pytest

from tests.support.events import body, delivered, level, vend
from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Finding
from vending.events.event import parse
from vending.state import stock


def failed(sequence: int, selection: str = "A1", reason: str = "motor") -> bytes:
    said = {"vendId": "v", "selection": selection, "reason": reason}
    return body("vend.failed", said, sequence)


def filled(sequence: int) -> bytes:
    lines = [{"selection": "B1", "before": 0, "added": 5, "after": 5}]
    return body("inventory.restocked", {"visitId": "v", "lines": lines}, sequence)


def off(sequence: int) -> bytes:
    return body("inventory.level", {"selections": [{"selection": "A1", "level": 0, "capacity": 0}]}, sequence)


def vend_failures(sent: list[bytes], **said: Any) -> dict[str, Finding]:
    held = stock.fold(stock.empty("m1"), [parse(hub) for hub in delivered(sent)]).stock
    evidence = Stock(held, 9, Policy({"vend-failures": said}))
    return {x.component: x for x in rules.named("vend-failures").findings(evidence)}


THREE = [failed(2), failed(3), failed(4, reason="nodrop")]


@pytest.mark.parametrize(
    ("sent", "said", "firing"),
    [
        (THREE[:2], {}, False),
        (THREE, {}, True),
        ([*THREE, failed(5)], {}, True),
        (THREE[:2], {"failures": 2}, True),
        (THREE, {"failures": 4}, False),
        # a buyer who changes their mind, a card, and an empty slot say nothing of the slot
        ([failed(n, reason="denied") for n in range(2, 9)], {}, None),
        ([*THREE[:2], failed(4, reason="cancel"), failed(5, reason="soldout")], {}, False),
        # what ends a row
        ([*THREE, vend(5)], {}, False),
        ([*THREE, vend(5, data={"paymentMethod": "test", "paidMinor": 0})], {}, False),
        ([*THREE, vend(5, "B1")], {}, True),
        ([*THREE, filled(5)], {}, False),
        ([*THREE, filled(5), failed(6), failed(7)], {}, False),
        ([*THREE, level(5, 9)], {}, False),
        ([*THREE, off(5), failed(6), failed(7), failed(8)], {}, False),
        # evidence that comes late
        ([vend(3), *THREE], {}, False),
        ([vend(5), *THREE], {}, False),
        ([*THREE, vend(1)], {}, True),
        ([THREE[2], THREE[0], THREE[1]], {}, True),
        ([filled(9), *THREE], {}, False),
    ],
)  # fmt: skip
def test_the_boundaries(sent: list[bytes], said: dict[str, Any], firing: bool | None) -> None:
    found = vend_failures(sent, **said).get("A1")
    assert (found.firing if found else None) is firing


def test_each_slot_is_for_itself() -> None:
    found = vend_failures([failed(2), failed(3, "B1"), failed(4), failed(5, "B1"), failed(6)])
    assert {name: (x.firing, x.detail) for name, x in found.items()} == {
        "A1": (True, {"failures": 3}), "B1": (False, {"failures": 2}),
    }  # fmt: skip
