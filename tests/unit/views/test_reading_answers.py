"""How registers and sales are described: as the events have them. Both are made when a module is imported."""

from typing import Any, get_args

import msgspec
import pytest
from msgspec import UNSET, UnsetType, structs

from vending.answer import Answer
from vending.events.event_types import REGISTERS
from vending.views.answers import conditions, machines
from vending.views.answers.conditions import MachineCondition

AT = "2026-03-02T11:58:12.000Z"
NAMES = {
    "door": ("DoorReading", ["open"], []),
    "power": ("PowerReading", ["state"], []),
    "lockout": ("LockoutReading", ["zone"], ["celsius"]),
    "heartbeat": ("HeartbeatReading", ["uptimeS"], ["queueDepth", "rssiDbm"]),
    "heartbeat.interval": ("HeartbeatIntervalReading", ["seconds"], []),
    "firmware": ("FirmwareReading", ["version"], []),
    "boot": ("BootReading", ["reason"], []),
    "visit": ("VisitReading", ["visitId"], ["reason", "started"]),
    "audit": ("AuditReading", ["sha256"], []),
    "command": ("CommandReading", ["commandId"], ["status"]),
    "price.applied": ("PriceAppliedReading", ["version"], []),
    "planogram.applied": ("PlanogramAppliedReading", ["version"], []),
}
"""Register → name of its schema, what is always there beside the time, and what may be absent; a new event
type brings others."""


def test_a_register_is_its_time_and_what_is_shown_of_it() -> None:
    found = {}
    for name, reading in conditions.READINGS.items():
        fields = structs.fields(reading)
        assert fields[0].name == "at"
        assert issubclass(reading, Answer)
        assert reading.__module__ == conditions.__name__
        assert [field.encode_name for field in fields[1:]] == list(REGISTERS[name].shown)
        always = [field.encode_name for field in fields[1:] if field.required]
        optional = [field.encode_name for field in fields if not field.required]
        assert all(field.default is UNSET for field in fields if not field.required)
        found[name] = reading.__name__, always, optional
    assert {name: found[name] for name in NAMES} == NAMES
    assert all(len(always) == 1 for _, always, _ in found.values())


@pytest.mark.parametrize(
    ("reading", "wrong"),
    [
        ({"door": {"at": AT, "open": True}}, {"open": "yes"}),
        ({"power": {"at": AT, "state": "brownout"}}, {"state": "dim"}),
        ({"lockout": {"at": AT, "zone": "main", "celsius": 9.5}}, {"celsius": 201}),
        ({"heartbeat": {"at": AT, "uptimeS": 5, "queueDepth": 0, "rssiDbm": -70}}, {"rssiDbm": 1}),
        ({"heartbeat": {"at": AT, "uptimeS": 5}}, {"uptimeS": -1}),
        ({"visit": {"at": AT, "visitId": "v-1", "reason": "fill", "started": AT}}, {"reason": "tea"}),
        ({"audit": {"at": AT, "sha256": "0" * 64}}, {"sha256": "0"}),
        ({"command": {"at": AT, "commandId": "c-1", "status": "expired"}}, {"status": "lost"}),
        ({"boot": {"at": AT, "reason": "power"}}, {"reason": ""}),
        ({"price.applied": {"at": AT, "version": "7"}}, {"version": 7}),
    ],
)
def test_a_value_is_bounded_as_its_event_is(reading: dict[str, Any], wrong: dict[str, Any]) -> None:
    whole = {"state": "online", "temperatures": [], "faults": []} | reading
    answer = msgspec.convert(whole, MachineCondition)
    assert msgspec.to_builtins(answer) == whole
    ((name, values),) = reading.items()
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(whole | {name: values | wrong}, MachineCondition)
    with pytest.raises(AttributeError):
        getattr(answer, conditions.ATTRIBUTES[name]).at = AT


def test_a_sale_shows_the_facts_that_events_state() -> None:
    fields = {field.name: field for field in structs.fields(machines.Sale)}
    facts = {name: set(get_args(fields[name].type)) - {UnsetType} for name in machines.FACTS}
    assert facts == {
        "selection": {str}, "quantity": {int}, "priceMinor": {int}, "paidMinor": {int}, "currency": {str},
        "payment": {str}, "sku": {str}, "product": {str}, "reason": {Any},
    }  # fmt: skip
    assert all(fields[name].default is UNSET for name in machines.FACTS)
