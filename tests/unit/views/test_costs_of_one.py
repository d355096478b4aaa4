"""What a request about one machine, or one day of records, costs at most: docs/api.md says what it is charged
in memory. None of it depends on how many machines there are."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

import function_app  # noqa: F401 - declares the routes
from blueprints.routes import ROUTES
from tests.support.charged import Charged
from tests.support.fakes import FakeDocuments
from tests.support.metadata import ROOT
from tests.support.rollup_world import World, vend
from tests.support.visited import NOW, uploaded, visited
from tests.unit.uploads.test_place_audit import CATALOG, READ, read
from tests.unit.uploads.world import World as Uploads
from tests.unit.views.test_costs import COSTS as GROWING
from vending.access.roles import Role
from vending.adapters.metering import metered
from vending.catalog.machines import CatalogMachines
from vending.commands.inbox import MOST_OPEN
from vending.commands.send_command import CommandAsked, Order, send_command
from vending.documents.commands import Command, EndedCommand, ended_id
from vending.documents.writes import AuditRecord
from vending.time import millis
from vending.views import audit, audits, catalog_reads, commands, machines, photos, visits
from vending.views.audits import AuditQuery
from vending.views.commands import FleetCommands
from vending.views.photos import PhotoQuery
from vending.views.stores import ViewStores
from vending.views.visits import VisitQuery

DOCUMENT = ROOT / "docs" / "api.md"
MACHINE, MANY = "m1", 120
Ask = Callable[["Stores"], Awaitable[Any]]


@dataclass(frozen=True)
class Stores:
    """Of a machine that was visited, audited and commanded a good while; charged."""

    views: ViewStores
    audited: ViewStores
    commands: FleetCommands
    writes: Any
    catalog: Any


COSTS: dict[str, Ask] = {
    "`GET /api/v1/machines/{machineId}/sales`, 31 days": lambda of: machines.sales(
        of.views, MACHINE, NOW - timedelta(days=31), NOW
    ),
    "`GET /api/v1/machines/{machineId}/photos`, 100": lambda of: photos.photos(
        of.views, MACHINE, PhotoQuery(100)
    ),
    "`GET /api/v1/machines/{machineId}/audits`, 100": lambda of: audits.audits(
        of.audited, "m-1", AuditQuery(100)
    ),
    "`GET /api/v1/machines/{machineId}/visits`, 20": lambda of: visits.visits(
        of.views, MACHINE, VisitQuery(20), NOW
    ),
    "`GET /api/v1/machines/{machineId}/visits/{visitId}`": lambda of: visits.visit(
        of.views, MACHINE, "visit-060"
    ),
    "`GET /api/v1/machines/{machineId}/collections`, 20": lambda of: visits.collections(
        of.views, MACHINE, VisitQuery(20), NOW
    ),
    "`GET /api/v1/machines/{machineId}/commands`, 100": lambda of: commands.listed(
        of.commands, MACHINE, 100, "", NOW
    ),
    "`GET /api/v1/machines/{machineId}/commands/{commandId}`": lambda of: commands.one(
        of.commands, (MACHINE, "over-1"), NOW
    ),
    "`GET /api/v1/catalog`": lambda of: catalog_reads.catalog_state(of.catalog),
    "`GET /api/v1/catalog/entries/{kind}`, 100": lambda of: catalog_reads.catalog_page(
        of.catalog, "machines", 100, ""
    ),
    "`GET /api/v1/catalog/entries/{kind}/{id}`": lambda of: catalog_reads.catalog_entry(
        of.catalog, "machines", MACHINE
    ),
    "`GET /api/v1/audit`, 100": lambda of: audit.audit_page(of.writes, "2026-03-02", 100, ""),
}
ELSEWHERE = {
    "/api/v1/visits": "docs/visits.md",
    "/api/v1/machines/{machineId}/due-commands": "docs/device-commands.md",
    "/api/v1/account": "docs/api-operations.md",
    "/api/v1/lag": "docs/api-operations.md",
    "/api/v1/archive/gaps": "docs/api-operations.md",
    "/api/v1/dead-letters": "docs/api-operations.md",
    "/api/v1/dead-letters/{letterId}": "docs/api-operations.md",
    "/api/v1/photos/{photoId}/{size}": "docs/api.md",
}
"""Routes that read blobs or the hub, or whose figure stands on a page of their own."""


def charged(documents: Any, name: str) -> Any:
    return Charged(documents, name, 4)


async def visited_machine() -> ViewStores:
    """Visited for most of a year, eight sales a visit, each visit with a photo."""
    world = World(NOW)
    first = NOW - timedelta(days=MANY + 1)
    await visited(world, MACHINE, MANY, first)
    for number in range(8 * MANY):
        at = millis(first + timedelta(hours=3 * number))
        await world.arrive([vend(MACHINE, 10 * (MANY + 1) + number, at)])
    for number in range(1, MANY + 1):
        uploaded(world, MACHINE, number, f"visit-{number:03d}", first + timedelta(days=number - 1))
    held = charged(world.machines, "machines")
    nothing = charged(FakeDocuments("machineId"), "alerts")
    return ViewStores(held, charged(world.conditions, "conditions"), nothing, nothing, nothing)


async def audited_machine() -> ViewStores:
    world = Uploads()
    for number in range(1, MANY + 1):
        await world.process(await world.upload(read(number, 10 * number, READ + timedelta(minutes=number))))
    world.catalog.put(CATALOG[1])
    nothing = charged(FakeDocuments("id"), "conditions")
    held = charged(world.machines, "machines")
    return ViewStores(held, nothing, nothing, nothing, charged(world.catalog, "catalog"))


async def commanded_machine(catalog: FakeDocuments) -> FleetCommands:
    """As many open commands as there may be, and some that are over."""
    documents, now = FakeDocuments("machineId"), millis(NOW)
    asked = CommandAsked({"kind": "lock", "selections": ["A1"]})  # type: ignore[arg-type]
    for number in range(MOST_OPEN):
        await send_command(Order(MACHINE, f"open-{number}", "ada", now), asked, documents)
    for number in range(MANY):
        over = Command(
            command_id=f"over-{number}", action={"kind": "reboot"}, asked_at=now - number, asked_by="ada",
            expires_at=now, state="succeeded", ended_at=now,
        )  # fmt: skip
        ended = EndedCommand(
            id=ended_id(over.command_id), machine_id=MACHINE, asked_at=over.asked_at, command=over
        )
        documents.put(ended.dump())
    return FleetCommands(charged(documents, "commands"), CatalogMachines(charged(catalog, "catalog")), str)


def catalog_of_many() -> FakeDocuments:
    catalog = FakeDocuments("kind")
    for number in range(MANY):
        catalog.put({
            "id": f"m{number}", "kind": "machine", "type": "machine", "schema": 1, "version": 1,
            "placements": [["", "harbour"], ["2026-02-01", "station"]], "affects": [[1, ""]],
        })  # fmt: skip
    catalog.put({"id": "version", "kind": "version", "type": "version", "schema": 1, "number": 1})
    return catalog


@pytest.fixture(scope="module")
def stores() -> Stores:
    return asyncio.run(filled())


async def filled() -> Stores:
    catalog, writes = catalog_of_many(), FakeDocuments("scope")
    at = millis(datetime.fromisoformat("2026-03-02T10:00:00+00:00"))
    for number in range(MANY):
        writes.put(
            AuditRecord(
                id=f"{at + number:013d}-{number:024x}", scope="2026-03-02", at=at + number, by="ada",
                what="catalog change", target="catalog", before={"name": "x" * 500},
                after={"name": "y" * 500},
            ).dump()
        )  # fmt: skip
    return Stores(
        await visited_machine(),
        await audited_machine(),
        await commanded_machine(catalog),
        charged(writes, "writes"),
        charged(catalog, "catalog"),
    )


def told() -> dict[str, int]:
    rows = re.findall(r"^\| (`GET [^|]+) \| ([\d,]+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    return {name: int(units.replace(",", "")) for name, units in rows}


@pytest.mark.parametrize("name", COSTS)
async def test_the_table_says_what_a_request_is_charged(stores: Stores, name: str) -> None:
    with metered() as cost:
        assert await COSTS[name](stores) is not None
    row = f"| {name} | {cost.units:,.0f} |"
    assert name in told(), f"docs/api.md lacks\n{row}"
    assert told()[name] == pytest.approx(cost.units, rel=0.02, abs=1), f"docs/api.md should say\n{row}"


def test_the_tables_tell_of_every_route_that_people_read() -> None:
    """A new route is asked for here."""
    assert told().keys() == COSTS.keys()
    named = set(re.findall(r"(/api/v1/[^`,]*)", " ".join([*GROWING, *COSTS])))
    reads = {
        f"/{route.path}"
        for route in ROUTES.values()
        if route.method == "GET" and route.role is not Role.ANYBODY
    }
    assert reads - named == ELSEWHERE.keys()


@pytest.mark.parametrize(("path", "page"), ELSEWHERE.items())
def test_what_is_told_elsewhere_is_told(path: str, page: str) -> None:
    text = (ROOT / page).read_text()
    assert path in text
    assert "RU" in text or "request unit" in text or "blob" in text, page
