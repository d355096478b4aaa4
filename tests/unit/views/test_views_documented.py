"""The shapes in docs/api.md and its parts are those of the answers, field by field."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins

from tests.support.alerts import find
from tests.support.fakes import FakeDocuments
from tests.support.named_fleet import NOW as LATER
from tests.support.named_fleet import ZONE, NamedFleet
from tests.support.plain import fleet, health, machines, photos
from tests.support.rollup_world import World, event, failure, vend
from tests.unit.uploads.photos import world as photo_world
from tests.unit.uploads.test_place_audit import read, told_beside
from vending.alerts.transitions import Finding
from vending.time import millis
from vending.views import alert_list, audits
from vending.views.alert_list import AlertQuery
from vending.views.audits import AuditQuery
from vending.views.health import About
from vending.views.machine_list import MachineQuery, machine_list
from vending.views.photos import PhotoQuery
from vending.views.picklist import Visit
from vending.views.place_lists import PlaceQuery, route_list, site_list
from vending.views.route_picklist import route_picklist
from vending.views.stockouts import StockOutQuery, stockouts
from vending.views.stores import ViewStores

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
DOCUMENTS = [Path(__file__).parents[3] / "docs" / name for name in ("api.md", "api-machines.md")]
DATA = {
    "revenue", "taken", "byRule", "detail", "figures", "stores", "last", "payments", "reconciliation",
}  # fmt: skip
"""Fields whose own fields are data: currencies, rules, kinds of event, selections."""


async def no_troubles() -> list[str]:
    return []


def documented() -> dict[str, Any]:
    """Path → the example below the line that begins with it."""
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    found = re.findall(r"^`GET ([^`]+)`:[^#]*?```json\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    return {path: json.loads(example) for path, example in found}


def shape(value: Any) -> Any:
    """Field names all the way down; a list is the shape of its first item."""
    if isinstance(value, Mapping):
        return {name: "data" if name in DATA else shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value and isinstance(value[0], Mapping) else "list"
    return "value"


@pytest.fixture
async def stores() -> ViewStores:
    """One machine of which everything in the examples is known."""
    world, at = World(NOW), millis(NOW)
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("inventory.level", {"selections": [{"selection": "A1", "level": 1, "capacity": 12}]}),
        ("temperature", {"zone": "main", "celsius": 4.0}),
        ("temperature", {"zone": "main", "celsius": 9.5}),
        ("fault.raised", {"component": "coin", "code": "EAR"}),
        ("door", {"open": False}),
    ]
    readings = [event("m1", number, at, name, data) for number, (name, data) in enumerate(bodies, start=10)]
    owed = failure("m1", 4, at - 1, priceMinor=180, currency="EUR", refunded=False)
    await world.arrive([*readings, vend("m1", 3, at), owed, vend("m2", 1, at)])
    await world.tick()
    alerts = FakeDocuments("machineId")
    finding = Finding("m2", "sold-out", "A1", (1,), True, at, {"onHand": 0})
    await find(alerts, finding, at)
    return ViewStores(world.machines, world.conditions, alerts, world.fleet, world.catalog)


async def photos_of(machine: str) -> dict[str, Any] | None:
    taken = photo_world.World(keep_location=True)
    await taken.process(of=photo_world.upload(machine=machine))
    found: dict[str, Any] | None = await photos.photos(taken.views(), machine, PhotoQuery())
    return found


async def audits_of(machine: str) -> Any:
    """Two uploads with line ends that are not the standard's, beside a ledger that lacks a vend."""
    world = await told_beside()
    for number, vends in ((1, 10), (2, 17)):
        await world.process(await world.upload(read(number, vends).replace(b"\r\n", b"\n")))
    stores = ViewStores(world.machines, world.machines, world.machines, world.machines, world.catalog)
    return to_builtins(await audits.audits(stores, machine, AuditQuery()))


async def lists() -> dict[str, Any]:
    named = (await NamedFleet().begin()).stores()
    found = {
        "/api/v1/sites": await site_list(named, PlaceQuery(), LATER),
        "/api/v1/routes": await route_list(named, PlaceQuery(), LATER),
        "/api/v1/routes/{routeId}/picklist": await route_picklist(named, "north", Visit(LATER), ZONE),
        "/api/v1/stockouts": await stockouts(named, StockOutQuery(), ZONE, LATER),
    }
    return {path: to_builtins(answer) for path, answer in found.items()}


async def answers(stores: ViewStores) -> dict[str, Any]:
    machine = await machines.machine(stores, "m1", "America/New_York", NOW)
    assert machine
    # The examples show these empty.
    machine["condition"] |= {"temperatures": [], "faults": []}
    return {
        "/api/v1/machines": to_builtins(await machine_list(stores, MachineQuery(), NOW)),
        "/api/v1/machines/{machineId}": machine,
        "/api/v1/machines/{machineId}/sales": await machines.sales(stores, "m1", None, None),
        "/api/v1/machines/{machineId}/photos": await photos_of("m1"),
        "/api/v1/machines/{machineId}/audits": await audits_of("m-1"),
        "/api/v1/fleet/summary": await fleet.summary(stores, "America/New_York", None, NOW),
        "/api/v1/alerts": to_builtins(await alert_list.alerts(stores, AlertQuery(), NOW)),
        **await lists(),
        "/api/health": await health.health({}, no_troubles, About("1", "quick")),
    }


async def test_every_shape_is_the_answers_own(stores: ViewStores) -> None:
    told, given = documented(), await answers(stores)
    assert told.keys() == given.keys()
    for path, answer in given.items():
        assert shape(told[path]) == shape(answer), path
