"""The shapes in docs/visits.md are those of the answers, field by field."""

import json
import re
from typing import Any

import msgspec

from tests.support.metadata import ROOT
from tests.support.rollup_world import World, view_stores
from tests.support.visited import NOW, uploaded, visit_events
from tests.unit.views.test_views_documented import shape
from vending.documents.catalog import CatalogMachine, CatalogSite
from vending.views import visits
from vending.views.route_visits import route_visits
from vending.views.visits import VisitQuery


def documented() -> dict[str, Any]:
    """Path → the example below the line that begins with it."""
    text = (ROOT / "docs" / "visits.md").read_text()
    found = re.findall(r"^`GET ([^`]+)`:[^#]*?```json\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    return {path: json.loads(example) for path, example in found}


async def test_every_shape_is_the_answers_own() -> None:
    world = World(NOW)
    world.catalog.put(CatalogSite(id="s", time_zone="Etc/UTC", route="r1").dump())
    world.catalog.put(CatalogMachine(id="m1", site="s", placements=[("", "s")]).dump())
    await world.arrive(visit_events("m1", 1, NOW))
    uploaded(world, "m1", 1, "visit-001", NOW)
    uploaded(world, "m1", 2, "visit-001", NOW, kind="dex")
    stores = view_stores(world)
    given = {
        "/api/v1/machines/{machineId}/visits": await visits.visits(stores, "m1", VisitQuery(), NOW),
        "/api/v1/machines/{machineId}/visits/{visitId}": await visits.visit(stores, "m1", "visit-001"),
        "/api/v1/machines/{machineId}/collections": await visits.collections(stores, "m1", VisitQuery(), NOW),
        "/api/v1/visits": await route_visits(stores, "r1", "2026-03-02", "Etc/UTC", NOW),
    }
    told = documented()
    assert told.keys() == given.keys()
    for path, answer in given.items():
        assert shape(told[path]) == shape(msgspec.to_builtins(answer)), path
