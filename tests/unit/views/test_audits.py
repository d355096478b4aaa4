"""The audits of a machine, newest upload first, page by page, with all that came of them."""

from datetime import timedelta
from typing import Any

import msgspec

from tests.support.fakes import FakeDocuments
from tests.unit.uploads.test_place_audit import CATALOG, READ, read
from tests.unit.uploads.world import World
from vending.documents.audits import audit_id
from vending.views.audits import AuditQuery, MachineAudits, audits
from vending.views.stores import ViewStores


def views(world: World) -> ViewStores:
    nothing = FakeDocuments("id")
    return ViewStores(world.machines, nothing, nothing, nothing, world.catalog)


async def filled(count: int) -> World:
    world = World()
    for number in range(1, count + 1):
        await world.process(await world.upload(read(number, 10 * number, READ + timedelta(minutes=number))))
    return world


async def page(world: World, *asked: int, machine: str = "m-1") -> MachineAudits:
    found = await audits(views(world), machine, AuditQuery(*asked))
    assert found is not None
    return found


async def test_all_that_is_known_of_an_audit() -> None:
    world = await filled(2)
    world.catalog.put(CATALOG[1] | {"sources": [["", "device"], ["2026-03-01", "audit"]]})
    found: dict[str, Any] = msgspec.to_builtins(await page(world))
    assert found["sources"] == [{"since": "", "sales": "device"}, {"since": "2026-03-01", "sales": "audit"}]
    newest, first = found["audits"]
    assert newest == {
        "number": 2,
        "uploadId": f"{2:032x}",
        "uploadedAt": "2026-03-02T18:40:00.000Z",
        "readAt": "2026-03-02T08:42:00.000Z",
        "clock": "machine",
        "machineClock": "2026-03-02T08:42:00",
        "serial": "VST20260017",
        "checksum": "right",
        "toleranceCount": 0,
        "tolerances": [],
        "paidVends": 20,
        "paidValue": 2000,
        "decimals": 2,
        "currency": "EUR",
        "placed": "after",
        "reason": None,
        "detail": None,
        "sold": {
            "since": "2026-03-02T08:41:00Z", "vends": 10, "valueMinor": 1000, "free": 0, "test": 0,
            "selections": [{"selection": "A1", "vends": 10, "valueMinor": 1000, "priceMinor": 100}],
            "payments": {},
        },
        "until": "2026-03-02T08:42:00.000Z",
        "reconciliation": None,
    }  # fmt: skip
    assert (first["placed"], first["reason"], first["sold"], first["until"]) == (
        "baseline", "first", None, None,
    )  # fmt: skip


async def test_pages_hold_each_once_newest_first() -> None:
    world = await filled(7)
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        some = await page(world, 3, after)
        assert 0 < len(some.audits) <= 3
        found += [row.number for row in some.audits]
        after = some.next
    assert found == [7, 6, 5, 4, 3, 2, 1]


async def test_a_page_reads_two_documents_and_one_query() -> None:
    world = await filled(9)
    asked: list[str] = []
    world.machines.fault = world.catalog.fault = lambda what, _: asked.append(what)
    await page(world, 3, 7)
    assert asked == ["read", "select", "read"]


async def test_a_malformed_record_costs_itself() -> None:
    world = await filled(3)
    world.machines.damage("m-1", audit_id(2), number="two")
    assert [row.number for row in (await page(world)).audits] == [3, 1]


async def test_a_machine_without_audits_has_none() -> None:
    world = await filled(1)
    assert await page(world, machine="m-2") == MachineAudits("m-2")
