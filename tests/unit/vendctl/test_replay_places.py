"""A sales file as a catalog: its locations, machines and products, and names that stay apart."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import FakeDocuments
from vendctl.replay import sales
from vendctl.replay.names import identifiers
from vendctl.replay.places import catalog_of
from vending.writes.catalog_entries import MachineEntry, ProductEntry, SiteEntry
from vending.writes.import_catalog import import_catalog

IDENTIFIER = r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
SAMPLE = Path(__file__).parents[3] / "examples" / "sales.csv"


def test_the_sample_as_a_catalog() -> None:
    file = sales.read(SAMPLE)
    found = catalog_of(file.sales, file.mapping)
    assert SiteEntry("mill-lane-depot", "America/New_York", name="Mill Lane Depot") in found.sites
    assert len(found.sites) == 3
    assert MachineEntry(
        "x2103", "mill-lane-depot", name="Mill Lane Depot x2103 - Canteen", device="replay-x2103",
        since="2025-03-08",
    ) in found.machines  # fmt: skip
    assert len(found.machines) == 4
    assert ProductEntry("oat-bar", name="Oat Bar", category="Food") in found.products


async def test_importing_it_twice_says_nothing_new() -> None:
    file = sales.read(SAMPLE)
    moved = [
        replace(x, location="Annexe", name="Annexe x2103") if x.day.year == 2026 else x for x in file.sales
    ]
    documents = FakeDocuments("kind")
    first = await import_catalog(catalog_of(moved, file.mapping), documents)
    held = dict(documents.items)
    again = await import_catalog(catalog_of(moved, file.mapping), documents)
    assert (first.version, again.version, again.written) == (1, 1, {})
    assert documents.items == held


def test_a_machine_that_moved_stands_at_each_place_from_its_day_on() -> None:
    file = sales.read(SAMPLE)
    own = [sale for sale in file.sales if sale.machine == "x2101"][:4]
    days = [date(2025, 5, 3), date(2025, 5, 1), date(2025, 5, 2), date(2025, 5, 4)]
    places = ["Annexe", "Hall", "Hall", "Hall"]
    rows = [replace(s, day=d, location=p) for s, d, p in zip(own, days, places, strict=True)]
    found = catalog_of(rows, file.mapping).machines
    assert [(entry.site, entry.since) for entry in found] == [
        ("hall", "2025-05-01"), ("annexe", "2025-05-03"), ("hall", "2025-05-04"),
    ]  # fmt: skip


def test_a_machine_without_a_location_is_its_own_site() -> None:
    file = sales.read(SAMPLE)
    (sale, *_) = file.sales
    found = catalog_of([replace(sale, location=None)], file.mapping)
    assert [site.id for site in found.sites] == ["ferry-terminal-x2101"]


def test_names_that_look_alike_stay_apart() -> None:
    found = identifiers(["Café", "cafe", "Tea", "水"], "product")
    assert found["Tea"] == "tea"
    assert len(set(found.values())) == 4
    assert found["Café"].startswith("cafe-")
    assert found["水"].startswith("product-")


@given(st.sets(st.text(min_size=1, max_size=60), max_size=12))
def test_every_name_has_its_own_identifier(names: set[str]) -> None:
    found = identifiers(sorted(names), "site")
    assert len(set(found.values())) == len(names)
    assert all(re.fullmatch(IDENTIFIER, one) for one in found.values())
