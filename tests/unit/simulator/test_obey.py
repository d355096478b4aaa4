"""A simulated device does what it is told: once, and says so."""

import hashlib
import json
from typing import Any

import pytest

from simulator import selling
from simulator.fleet import Fleet
from simulator.obey import REMEMBERED, obey
from simulator.selling import Sale
from simulator.unit import Unit
from tests.unit.simulator.deliveries import START, hub_event
from vending.events.event import parse


def unit() -> Unit:
    found = Unit(Fleet(1, 12), 0, START, lambda at: at, frozenset())
    while "vend" not in found.model.due:
        found.step()
    return found


def told(found: Unit, name: str, action: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Event types and data of what the device sends because of a command."""
    dues = obey(found, START + 1000, {"commandId": name, "action": action, "expiresInSeconds": 60})
    for number, (at, delivery) in enumerate(dues):
        parse(hub_event(number, at, delivery))  # as the contract wants it
    events = [json.loads(delivery.body) for _, delivery in dues]
    return [
        (each["type"].removeprefix("io.vendstream.").removesuffix(".v1"), each["data"]) for each in events
    ]


def bought(found: Unit, number: int) -> tuple[str, dict[str, Any]]:
    """What a buyer of that slot leads to, with cash that fits and no mishap."""
    found.model.cash.pay = lambda *_: True  # type: ignore[method-assign]
    found.model.dice.state = 7
    selling._buy(found.model, found.model.spec.slots[number])
    return found.model.facts.pop()


def test_a_locked_selection_denies_vends_until_it_is_unlocked() -> None:
    found = unit()
    first = found.model.spec.slots[0].selection
    assert told(found, "a", {"kind": "lock", "selections": [first]}) == [
        ("command.result", {"commandId": "a", "status": "succeeded"})
    ]
    name, data = bought(found, 0)
    assert (name, data["reason"], data["selection"]) == ("vend.failed", "denied", first)
    assert bought(found, 1)[0] == "vend.completed"
    told(found, "b", {"kind": "lock"})
    assert bought(found, 1)[1]["reason"] == "denied"
    told(found, "c", {"kind": "unlock"})
    assert bought(found, 0)[0] == "vend.completed"


def test_what_the_machine_itself_locked_stays_locked() -> None:
    found = unit()
    found.model.locked = True
    told(found, "a", {"kind": "unlock"})
    assert found.model.locked


def test_the_next_vend_has_the_new_price() -> None:
    found = unit()
    first, currency = found.model.spec.slots[0].selection, found.model.spec.site.currency
    action = {"kind": "price-list", "version": "2026-3", "currency": currency, "prices": {first: 777}}
    assert [name for name, _ in told(found, "a", action)] == ["price.applied", "command.result"]
    assert bought(found, 0)[1]["priceMinor"] == 777


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ({"kind": "lock", "selections": ["Z9"]}, "no selection Z9"),
        (
            {"kind": "price-list", "version": "1", "currency": "XXX", "prices": {"A1": 1}},
            "the machine takes ",
        ),
        ({"kind": "dance"}, "unknown kind dance"),
    ],
)
def test_what_cannot_be_done_fails_and_changes_nothing(action: dict[str, Any], error: str) -> None:
    found = unit()
    ((name, data),) = told(found, "a", action)
    assert (name, data["status"]) == ("command.result", "failed")
    assert data["error"].startswith(error)
    assert (found.model.denied, found.model.prices) == ([], {})


def test_a_reboot_boots_and_an_audit_holds_the_meters() -> None:
    found = unit()
    before = found.device.bootid
    assert [name for name, _ in told(found, "a", {"kind": "reboot"})] == ["device.boot", "command.result"]
    assert found.device.bootid != before
    slot = found.model.spec.slots[0]
    selling.dispense(found.model, slot, Sale(2, "cash", 300))
    selling.dispense(found.model, slot, Sale(1, "test", 0))
    found.model.facts.clear()
    (name, audit), _ = told(found, "b", {"kind": "read-audit"})
    assert (name, audit["trigger"]) == ("audit.dex", "schedule")
    assert audit["sha256"] == hashlib.sha256(audit["body"].encode()).hexdigest()
    assert "VA1*300*2\r\n" in audit["body"]
    assert f"PA1*{slot.selection}*{slot.price}\r\nPA2*2*300\r\n" in audit["body"]


def test_a_command_is_done_once_and_its_result_told_each_time() -> None:
    found = unit()
    for _ in range(2):
        names = [name for name, _ in told(found, "a", {"kind": "reboot"})]
        assert names[-1] == "command.result"
    assert names == ["command.result"]
    restored = unit()
    restored.restore(json.loads(json.dumps(found.dump())))
    assert [name for name, _ in told(restored, "a", {"kind": "reboot"})] == ["command.result"]
    for number in range(REMEMBERED):
        told(found, f"n{number}", {"kind": "unlock"})
    assert len(found.obeyed) == REMEMBERED
    found.new_epoch(START + 2000, "storage-lost")
    assert found.obeyed == {}
