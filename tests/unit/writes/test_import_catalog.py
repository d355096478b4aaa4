"""Importing a catalog, and what it does to days that were computed before."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.support.fakes import FakeDocuments
from tests.support.rollup_world import World, ms, stored_leaves, vend
from vending.catalog.cache import CatalogCache
from vending.catalog.recipients import CatalogRecipients
from vending.errors import Rejected, Transient
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

FLEET: dict[str, Any] = {
    "sites": [
        {"id": "north", "timeZone": "Europe/Berlin", "route": "r1"},
        {"id": "south", "timeZone": "Etc/UTC"},
    ],
    "machines": [{"id": "m1", "site": "north"}, {"id": "m2", "site": "south"}],
    "products": [{"sku": "cola", "category": "drinks"}],
    "planograms": [{"machine": "m1", "slots": {"A1": {"sku": "cola", "par": 8}, "A2": {"sku": "tea"}}}],
}


def file(**parts: Any) -> CatalogFile:
    return msgspec.convert(parts, CatalogFile)


async def test_an_import_is_read_back_as_assignments() -> None:
    catalog = FakeDocuments("kind")
    done = await import_catalog(file(**FLEET), catalog)
    assert (done.version, done.written) == (1, {"site": 2, "machine": 2, "product": 1, "planogram": 1})
    assert done.unknown_skus == ["tea"]
    cache = CatalogCache(catalog, "Etc/UTC")
    assert await cache.refresh() == 1
    assignment = await cache.assignment("m1")
    assert assignment.site_on("2026-11-24").route == "r1"
    assert assignment.sku({"at": 0, "selection": "A1"}) == "cola"


async def test_repeating_an_import_writes_nothing() -> None:
    catalog = FakeDocuments("kind")
    await import_catalog(file(**FLEET), catalog)
    before = dict(catalog.items)
    done = await import_catalog(file(**FLEET), catalog)
    assert (done.version, done.written, done.unchanged) == (1, {}, 6)
    assert catalog.items == before


@pytest.mark.parametrize(
    "part", [{"machines": [{"id": "m9", "site": "west"}]}, {"planograms": FLEET["planograms"]}]
)
async def test_what_an_entry_refers_to_must_exist(part: Any) -> None:
    catalog = FakeDocuments("kind")
    with pytest.raises(Rejected, match="neither the file nor the catalog has"):
        await import_catalog(file(**part), catalog)
    assert not catalog.items


async def test_what_stands_there_already_need_not_be_said_again() -> None:
    """A move into the past leaves the newest site as it is, a new address the recipient's sites."""
    catalog = FakeDocuments("kind")
    anna = {"id": "anna", "address": "anna@fleet.example"}
    await import_catalog(file(**FLEET, recipients=[anna | {"sites": ["north"]}]), catalog)
    for site, since in (("north", "2026-11-19"), ("south", "2026-11-18")):
        await import_catalog(file(machines=[{"id": "m1", "site": site, "since": since}]), catalog)
    done = await import_catalog(file(recipients=[anna | {"address": "a@fleet.example"}]), catalog)
    assert done.written == {"recipient": 1}


async def test_an_import_that_died_is_taken_over() -> None:
    catalog = FakeDocuments("kind")
    writes: list[str] = []

    def die(operation: str, key: str) -> None:
        if operation == "write":
            writes.append(key)
            if len(writes) == 3:
                raise KeyboardInterrupt

    catalog.fault = die
    with pytest.raises(KeyboardInterrupt):
        await import_catalog(file(**FLEET), catalog)
    assert writes == ["version", "site", "machine"]
    with pytest.raises(Transient, match="take it over"):
        await import_catalog(file(**FLEET), catalog)
    done = await import_catalog(file(**FLEET), catalog, take_over=True)
    assert (done.version, done.unchanged) == (1, 2)
    stored = await catalog.read("version", "version")
    assert stored is not None
    assert (stored.body["number"], stored.body["pending"]) == (1, None)


async def test_another_import_in_between_is_noticed() -> None:
    catalog = FakeDocuments("kind")
    await import_catalog(file(**FLEET), catalog)
    seen: list[str] = []

    def other(operation: str, key: str) -> None:
        seen.append(f"{operation} {key}")
        if seen.count("write version") == 1 and seen[-1] == "write machine":
            version, body = catalog.items["machine", "m2"]
            catalog.items["machine", "m2"] = (version + 100, body)

    catalog.fault = other
    with pytest.raises(Transient, match="run it again"):
        await import_catalog(file(machines=[{"id": "m2", "site": "north", "since": "2026-11-10"}]), catalog)
    catalog.fault = lambda operation, key: None
    done = await import_catalog(
        file(machines=[{"id": "m2", "site": "north", "since": "2026-11-10"}]), catalog
    )
    assert done.written == {"machine": 1}


async def test_a_mapping_that_arrives_later_corrects_the_days() -> None:
    world = World(datetime(2026, 11, 20, 12, tzinfo=UTC))
    days = [ms(f"2026-11-{day}T12:00:00") for day in (16, 17, 18)]
    await world.arrive([vend("m1", number, at) for number, at in enumerate(days, 1)])
    await world.tick()
    assert _skus(world, "2026-11-16") == {"unknown": 150}
    await import_catalog(file(**FLEET), world.catalog)
    newer = {"machine": "m1", "slots": {"A1": {"sku": "tea"}}, "since": "2026-11-18"}
    await import_catalog(file(planograms=[newer]), world.catalog)
    await world.settle()
    sold = [_skus(world, f"2026-11-{day}") for day in (16, 17, 18)]
    assert sold == [{"cola": 150}, {"cola": 150}, {"tea": 150}]


async def test_a_dated_change_leaves_earlier_days_alone() -> None:
    world = World(datetime(2026, 11, 20, 12, tzinfo=UTC))
    await import_catalog(file(**FLEET), world.catalog)
    days = [ms(f"2026-11-{day}T12:00:00") for day in ("01", "02", "18")]
    await world.arrive([vend("m1", number, at) for number, at in enumerate(days, 1)])
    await world.settle()
    before = {body["date"]: body["rev"] for body in world.machines.bodies("day")}
    await import_catalog(file(machines=[{"id": "m1", "site": "south", "since": "2026-11-18"}]), world.catalog)
    await world.settle()
    after = {body["date"]: body["rev"] for body in world.machines.bodies("day")}
    assert {day for day in after if after[day] > before[day]} == {"2026-11-18"}
    told = stored_leaves(world)
    assert ("site:south", "2026-11-18") in told
    assert ("site:north", "2026-11-18") not in told
    assert ("site:north", "2026-11-02") in told
    assert ("route:r1", "2026-11-18") not in told


def _skus(world: World, day: str) -> dict[str, int]:
    leaves = stored_leaves(world)["products", day]
    return {path[1]: value for path, value in leaves.items() if path[2:] == ("revenue", "EUR")}


ANNA = {"id": "anna", "address": "anna@ops.example"}


async def test_recipients_are_imported_changed_and_read_back() -> None:
    catalog = FakeDocuments("kind")
    recipients = CatalogRecipients(catalog)
    assert await recipients.named() == ()
    night = {"fri": ["22:00-06:00"]}
    done = await import_catalog(
        file(**FLEET, recipients=[ANNA | {"sites": ["north"], "hours": night}]), catalog
    )
    assert done.written["recipient"] == 1
    (one,) = await recipients.named()
    assert (one.id, one.name, one.address, one.severity) == ("anna", "anna", ANNA["address"], "info")
    assert (one.sites, one.hours, one.critical_always) == (["north"], night, None)
    assert (await import_catalog(file(recipients=[ANNA]), catalog)).written == {}
    await import_catalog(file(recipients=[ANNA | {"severity": "none", "sites": []}]), catalog)
    (one,) = await recipients.named()
    assert (one.severity, one.sites, one.hours) == ("none", [], night)
    assert one.affects == [], "no day is computed anew"


async def test_a_recipients_sites_must_exist() -> None:
    catalog = FakeDocuments("kind")
    with pytest.raises(Rejected, match="recipient anna names site west, which neither the file nor"):
        await import_catalog(file(recipients=[ANNA | {"sites": ["west"]}]), catalog)
    await import_catalog(file(**FLEET), catalog)
    await import_catalog(file(recipients=[ANNA | {"sites": ["south"], "routes": ["none-yet"]}]), catalog)
    (one,) = await CatalogRecipients(catalog).named()
    assert one.routes == ["none-yet"]


async def test_an_entry_that_makes_no_sense_is_named_and_nothing_is_written() -> None:
    """Somebody's hand in the container: what it held is not known, so it is not written over."""
    catalog = FakeDocuments("kind")
    await import_catalog(file(**FLEET), catalog)
    (version, body) = catalog.items["machine", "m1"]
    catalog.items["machine", "m1"] = (version, body | {"placements": "north"})
    before = dict(catalog.items)
    moved = {"machines": [{"id": "m1", "site": "north", "name": "Hall"}]}
    with pytest.raises(Rejected, match=r"machine machine/m1: Expected `array`.*placements"):
        await import_catalog(file(**moved), catalog)
    assert catalog.items == before
