"""What an operator's entries make of the stored documents."""

from typing import Any

import msgspec
import pytest

from vendctl.operations.catalog_entries import (
    AFFECTS,
    CatalogFile,
    Entry,
    MachineEntry,
    PlanogramEntry,
    SiteEntry,
)
from vendctl.operations.catalog_entries import revised as _revised
from vending.catalog import catalog
from vending.documents.base import load
from vending.documents.catalog import CatalogEntry
from vending.errors import Rejected


def convert(shape: type[Entry], **facts: Any) -> Entry:
    return msgspec.convert(facts, shape)


def revised(held: dict[str, Any] | None, kind: str, entry: Entry, version: int) -> dict[str, Any]:
    document = _revised(held, kind, entry, version)
    assert document is not None
    return document


def affected_since(document: dict[str, Any], version: int) -> str | None:
    return catalog.affected_since(load(document, CatalogEntry), version)


def machine(**facts: Any) -> Entry:
    return convert(MachineEntry, id="m1", **facts)


def planogram(sku: str, **facts: Any) -> Entry:
    return convert(PlanogramEntry, machine="m1", slots={"A1": {"sku": sku, "priceMinor": 150}}, **facts)


def test_a_machine_keeps_the_history_of_its_sites() -> None:
    first = revised(None, "machine", machine(site="north"), 1)
    assert first["placements"] == [["", "north"]]
    assert affected_since(first, 0) == ""
    moved = revised(first, "machine", machine(site="south", since="2026-11-10"), 2)
    assert moved["placements"] == [["", "north"], ["2026-11-10", "south"]]
    assert (moved["site"], affected_since(moved, 1), affected_since(moved, 2)) == (
        "south",
        "2026-11-10",
        None,
    )
    wrong = revised(moved, "machine", machine(site="west", since="always"), 3)
    assert wrong["placements"] == [["", "west"]]
    assert affected_since(wrong, 2) == ""


def test_the_same_entry_again_is_no_change() -> None:
    first = revised(None, "machine", machine(site="north", name="Hall"), 1)
    assert _revised(first, "machine", machine(site="north"), 2) is None
    held = revised(None, "planogram", planogram("cola"), 1)
    assert _revised(held, "planogram", planogram("cola"), 2) is None
    site = convert(SiteEntry, id="north", timeZone="Europe/Berlin")
    assert _revised(revised(None, "site", site, 1), "site", site, 2) is None


def test_another_site_needs_to_say_since_when() -> None:
    first = revised(None, "machine", machine(site="north"), 1)
    with pytest.raises(Rejected, match='add since = "YYYY-MM-DD"'):
        _revised(first, "machine", machine(site="south"), 2)


def test_a_new_name_changes_no_day() -> None:
    site = {"id": "north", "timeZone": "Europe/Berlin", "route": "r1"}
    first = revised(None, "site", convert(SiteEntry, **site), 1)
    renamed = revised(first, "site", convert(SiteEntry, **site, name="North Hall"), 2)
    assert (renamed["name"], affected_since(renamed, 1)) == ("North Hall", None)
    rerouted = revised(renamed, "site", convert(SiteEntry, **site | {"route": "r2"}), 3)
    assert affected_since(rerouted, 1) == ""


def test_editions_stand_in_the_order_of_their_dates() -> None:
    held = revised(None, "planogram", planogram("cola"), 1)
    held = revised(held, "planogram", planogram("tea", since="2026-11-10"), 2)
    held = revised(held, "planogram", planogram("water", since="2026-11-03T06:30"), 3)
    assert [edition["since"] for edition in held["editions"]] == ["", "2026-11-03T06:30", "2026-11-10"]
    assert affected_since(held, 2) == "2026-11-03"
    assert affected_since(held, 1) == "2026-11-03"


def test_unknown_fields_of_a_document_survive() -> None:
    held = revised(None, "machine", machine(site="north"), 1) | {"asset": 77}
    assert revised(held, "machine", machine(site="north", name="Hall"), 2)["asset"] == 77


def test_old_changes_are_joined_and_none_is_forgotten() -> None:
    held = revised(None, "planogram", planogram("cola", since="2025-01-01"), 1)
    for version in range(2, AFFECTS + 12):
        held = revised(held, "planogram", planogram(f"sku{version}", since="2026-11-10"), version)
    assert len(held["affects"]) == AFFECTS
    assert affected_since(held, 0) == "2025-01-01"
    assert affected_since(held, AFFECTS + 10) == "2026-11-10"


@pytest.mark.parametrize(
    ("part", "match"),
    [
        ({"sites": [{"id": "n", "timeZone": "Europe/Atlantis"}]}, "Europe/Atlantis"),
        ({"machines": [{"id": "m", "site": "n", "since": "2026-02-30"}]}, "2026-02-30"),
        ({"sites": [{"id": "n", "timeZone": "Etc/UTC"}] * 2}, "twice"),
        (
            {"planograms": [{"machine": "m", "slots": {"A1": {"sku": "x"}}, "since": "2026-11-10T24:10"}]},
            "24:10",
        ),
    ],
)
def test_a_file_with_a_wrong_entry_is_refused(part: dict[str, Any], match: str) -> None:
    with pytest.raises(Rejected, match=match):
        msgspec.convert(part, CatalogFile).entries()
