"""Where a machine stood and what it sold, over time."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rollup_world import ms
from vending.catalog import assignments
from vending.catalog.assignments import Assignment, Edition, Entries, Site
from vending.documents.catalog import CatalogMachine, CatalogPlanogram, CatalogSite, StoredEdition
from vending.documents.pages import Line
from vending.rollups import machine_days
from vending.state import ledger

BERLIN = Site("berlin", "Berlin", "Europe/Berlin")
NEW_YORK = Site("york", "New York", "America/New_York")
HOWE = Site("howe", "Lord Howe", "Australia/Lord_Howe")
APIA = Site("apia", "Apia", "Pacific/Apia")


def home(*placements: tuple[str, Site], editions: tuple[Edition, ...] = ()) -> Assignment:
    return Assignment("m1", 1, placements, editions)


def test_a_placement_begins_at_its_own_midnight() -> None:
    moved = home(("", BERLIN), ("2026-11-10", NEW_YORK))
    # Until New York's midnight the Berlin clock holds, also in the hours that are the tenth there already.
    assert moved.day_of(ms("2026-11-10T02:00:00", "Europe/Berlin")) == "2026-11-10"
    assert moved.zone_at(ms("2026-11-10T02:00:00", "Europe/Berlin")) == "Europe/Berlin"
    assert moved.zone_at(ms("2026-11-10T00:00:00", "America/New_York")) == "America/New_York"
    assert moved.site_on("2026-11-09") is BERLIN
    assert moved.site_on("2026-11-10") is NEW_YORK


sites = st.sampled_from([BERLIN, NEW_YORK, HOWE, APIA])
since = st.sampled_from(["2026-10-04", "2026-10-25", "2026-10-26", "2026-11-01"])
instants = st.integers(ms("2026-10-01T00:00:00"), ms("2026-11-05T00:00:00"))


@given(st.lists(st.tuples(since, sites), max_size=3, unique_by=lambda row: row[0]), sites, instants)
def test_every_instant_lies_in_the_window_of_its_day(
    moves: list[tuple[str, Site]], first: Site, at: int
) -> None:
    moved = home(("", first), *sorted(moves, key=lambda row: row[0]))
    start, end = moved.window(moved.day_of(at))
    assert start <= at < end


def test_what_a_line_sold() -> None:
    editions = (
        Edition("", {"A1": {"sku": "cola"}}),
        Edition("2026-11-10T06:30", {"A1": {"sku": "tea"}}),
    )
    machine = home(("", BERLIN), editions=editions)

    def sku(time: str, **line: Any) -> str:
        return machine.sku({"at": ms(f"2026-11-10T{time}", "Europe/Berlin"), "selection": "A1"} | line)

    assert sku("06:29:59") == "cola"
    assert sku("06:30:00") == "tea"
    assert sku("06:30:00", sku="nuts") == "nuts"
    assert sku("06:30:00", selection="B9") == "unknown"
    assert sku("06:30:00", selection="B9", product="Nuts") == "unknown:Nuts"


def test_a_planogram_begins_by_the_clock_of_the_site_where_the_machine_stands() -> None:
    editions = (Edition("2026-11-10T06:30", {"A1": {"sku": "tea"}}),)
    moved = home(("", BERLIN), ("2026-11-10", NEW_YORK), editions=editions)
    assert moved.slots_at(ms("2026-11-10T06:29", "America/New_York")) == {}
    assert moved.slots_at(ms("2026-11-10T06:30", "America/New_York")) == editions[0].slots


def test_before_its_first_planogram_nobody_knows_what_a_machine_sold() -> None:
    late = home(("", BERLIN), editions=(Edition("2026-11-10", {"A1": {"sku": "tea"}}),))
    assert late.sku({"at": ms("2026-11-09T12:00"), "selection": "A1"}) == "unknown"


def test_a_long_name_of_a_product_is_cut_and_stays_another_than_its_neighbours() -> None:
    def told(name: str) -> str:
        return home(("", BERLIN)).sku({"at": 0, "product": name})

    assert told("x" * 64) == "unknown:" + "x" * 64
    one, other = told("x" * 64 + "a"), told("x" * 64 + "b")
    assert one.startswith("unknown:" + "x" * 55 + "~")
    assert len(one) == len(other) == len("unknown:") + 64
    assert one != other


def test_a_machine_has_the_sites_and_planograms_that_its_documents_say() -> None:
    held = Entries(
        CatalogMachine(id="m1", placements=[("2026-11-10", "gone"), ("", "york")]),
        CatalogPlanogram(
            id="m1",
            editions=[
                StoredEdition("2026-11-10", {"A1": {"sku": "tea"}}),
                StoredEdition("", {"A1": {"sku": "cola"}}),
            ],
        ),
        {"york": NEW_YORK},
    )
    assert assignments.assignment("m1", 7, held, "Europe/Berlin") == Assignment(
        "m1",
        7,
        (("", NEW_YORK), ("2026-11-10", Site("gone", "gone", "Europe/Berlin"))),
        (Edition("", {"A1": {"sku": "cola"}}), Edition("2026-11-10", {"A1": {"sku": "tea"}})),
    )


def test_a_site_without_a_name_goes_by_its_id() -> None:
    assert assignments.site(CatalogSite(id="n", time_zone="Etc/UTC", route="r1")) == Site(
        "n", "n", "Etc/UTC", "r1"
    )
    assert assignments.site(CatalogSite(id="n", name="North", time_zone="Etc/UTC")).name == "North"


def test_days_are_affected_by_the_imports_after_a_version() -> None:
    entry = CatalogMachine(
        id="m1", placements=[], affects=[(3, "2026-11-10"), (5, "2026-11-02T06:30"), (6, "2026-11-20")]
    )
    assert assignments.affected_since(entry, 2) == "2026-11-02"
    assert assignments.affected_since(entry, 5) == "2026-11-20"
    assert assignments.affected_since(entry, 6) is None


def test_the_site_of_an_unassigned_machine_is_one_of_256_and_stays_the_same() -> None:
    """Its days are kept under that name."""
    sites = {assignments.unassigned(f"m{n}", "Etc/UTC").id for n in range(4_000)}
    assert len(sites) == 256
    assert assignments.unassigned("m1", "Etc/UTC").id == "unassigned-9e"


def test_machines_without_a_site_share_the_default_zone() -> None:
    found = assignments.assignment("m1", 1, Entries(), "Europe/Berlin")
    site = found.site_on("2026-11-10")
    assert (site.name, site.time_zone) == (assignments.UNASSIGNED, "Europe/Berlin")
    assert site.id.startswith("unassigned-")
    placed = CatalogMachine(id="m1", placements=[("2026-11-10", "york")])
    late = assignments.assignment("m1", 1, Entries(placed, sites={"york": NEW_YORK}), "Etc/UTC")
    assert [one.name for _, one in late.placements] == [assignments.UNASSIGNED, "New York"]


@pytest.mark.parametrize(
    ("site", "day", "times", "hours"),
    [
        (BERLIN, "2026-10-25", ["00:00Z", "01:00Z", "02:00Z"], {"02": 1, "02b": 1, "03": 1}),
        (BERLIN, "2026-03-29", ["00:59Z", "01:00Z"], {"01": 1, "03": 1}),
        (NEW_YORK, "2026-11-01", ["05:59Z", "06:00Z", "07:00Z"], {"01": 1, "01b": 1, "02": 1}),
        (NEW_YORK, "2026-03-08", ["06:59Z", "07:00Z"], {"01": 1, "03": 1}),
    ],
)
def test_hours_on_the_day_the_clock_changes(
    site: Site, day: str, times: list[str], hours: dict[str, int]
) -> None:
    lines = [_vend(int(datetime.fromisoformat(f"{day}T{time}").timestamp()) * 1000) for time in times]
    found = machine_days.figures(lines, home(("", site)))
    assert {hour: value["vends"] for hour, value in found["hours"].items()} == hours


def test_the_days_that_gain_and_lose_an_hour_hold_all_their_sales() -> None:
    """One sale every half hour from one local midnight to the next."""
    for site, day, count in (
        (BERLIN, "2026-03-29", 46),
        (BERLIN, "2026-10-25", 50),
        (NEW_YORK, "2026-03-08", 46),
        (NEW_YORK, "2026-11-01", 50),
        (HOWE, "2026-04-05", 49),
        (HOWE, "2026-10-04", 47),
    ):
        zone = ZoneInfo(site.time_zone)
        noon = int(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=zone).timestamp()) * 1000
        lines = [_vend(noon + n * 1_800_000) for n in range(-60, 60)]
        pages = ledger.pages("m1", [("dev-1", 1, line) for line in lines])
        document = machine_days.machine_day(None, home(("", site)), day, pages, noon)
        assert document.figures["vends"] == count, (site.id, day)


def _vend(at: int) -> Line:
    return {
        "ledger": at, "sequence": at, "kind": "vend", "at": at, "quality": "device", "digest": "0",
        "selection": "A1", "quantity": 1, "paidMinor": 150, "currency": "EUR", "payment": "cash",
    }  # fmt: skip
