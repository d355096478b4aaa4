"""What an operator's entries make of the stored documents."""

from typing import Any

import msgspec
import pytest

from vending.catalog import assignments
from vending.documents.base import load
from vending.documents.catalog import CatalogEntry
from vending.errors import Rejected
from vending.writes.catalog_entries import (
    CatalogFile,
    MachineEntry,
    PlanogramEntry,
    ProductEntry,
    SiteEntry,
)
from vending.writes.entry import Entry
from vending.writes.revised_entries import AFFECTS
from vending.writes.revised_entries import revised as _typed


def convert(shape: type[Entry], **facts: Any) -> Entry:
    return msgspec.convert(facts, shape)


def _revised(held: dict[str, Any] | None, entry: Entry, version: int) -> dict[str, Any] | None:
    """As it is stored before and after."""
    document = _typed(load(held, CatalogEntry) if held else None, entry, version)
    if document is None:
        return None
    stored: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document.dump()))
    return stored


def revised(held: dict[str, Any] | None, entry: Entry, version: int) -> dict[str, Any]:
    stored = _revised(held, entry, version)
    assert stored is not None
    return stored


def affected_since(document: dict[str, Any], version: int) -> str | None:
    return assignments.affected_since(load(document, CatalogEntry), version)


def machine(**facts: Any) -> Entry:
    return convert(MachineEntry, id="m1", **facts)


def planogram(sku: str, **facts: Any) -> Entry:
    return convert(PlanogramEntry, machine="m1", slots={"A1": {"sku": sku, "priceMinor": 150}}, **facts)


def head(kind: str, name: str) -> dict[str, Any]:
    return {"kind": kind, "type": kind, "schema": 1, "id": name, "version": 1}


def test_a_first_entry_makes_a_whole_document() -> None:
    """Of what it leaves out, only a name and a route are made up."""
    site = convert(SiteEntry, id="north", timeZone="Europe/Berlin")
    assert revised(None, site, 1) == head("site", "north") | {
        "name": "north", "timeZone": "Europe/Berlin", "route": "", "affects": [[1, ""]],
    }  # fmt: skip
    assert revised(None, machine(site="north", device="dev-1"), 1) == head("machine", "m1") | {
        "name": "m1", "device": "dev-1", "site": "north", "placements": [["", "north"]],
        "affects": [[1, ""]],
    }  # fmt: skip
    product = convert(ProductEntry, sku="cola", category="Drinks", taxBasisPoints=1900)
    assert revised(None, product, 1) == head("product", "cola") | {
        "name": "cola", "category": "Drinks", "taxBasisPoints": 1900, "affects": [],
    }  # fmt: skip
    assert revised(None, planogram("cola", since="2026-11-10"), 1) == head("planogram", "m1") | {
        "editions": [{"since": "2026-11-10", "slots": {"A1": {"sku": "cola", "priceMinor": 150}}}],
        "affects": [[1, "2026-11-10"]],
    }  # fmt: skip


def test_what_an_entry_does_not_mention_stays() -> None:
    site = {"id": "north", "timeZone": "Europe/Berlin"}
    first = revised(None, convert(SiteEntry, **site, name="Hall", route="r1"), 1)
    assert _revised(first, convert(SiteEntry, **site), 2) is None
    moved = revised(first, convert(SiteEntry, **site | {"timeZone": "Etc/UTC"}), 2)
    assert affected_since(moved, 1) == ""


def test_a_site_can_be_taken_off_its_route() -> None:
    site = {"id": "north", "timeZone": "Europe/Berlin"}
    first = revised(None, convert(SiteEntry, **site, route="r1"), 1)
    off = revised(first, convert(SiteEntry, **site, route=""), 2)
    assert (off["route"], affected_since(off, 1)) == ("", "")
    with pytest.raises(msgspec.ValidationError, match="route"):
        convert(SiteEntry, **site, route=" ")


def test_what_holds_since_a_day_is_replaced_by_another_of_that_day() -> None:
    held = revised(None, machine(site="north"), 1)
    held = revised(held, machine(site="south", since="2026-11-10"), 2)
    assert _revised(held, machine(site="south", since="2026-11-10"), 3) is None
    held = revised(held, machine(site="west", since="2026-11-10"), 3)
    assert held["placements"] == [["", "north"], ["2026-11-10", "west"]]
    earlier = revised(held, machine(site="east", since="2026-11-02"), 4)
    assert earlier["placements"] == [["", "north"], ["2026-11-02", "east"], ["2026-11-10", "west"]]
    assert (earlier["site"], affected_since(earlier, 3)) == ("west", "2026-11-02")


def test_a_history_that_says_the_same_for_ever_is_no_change() -> None:
    first = revised(None, machine(site="north"), 1)
    assert _revised(first, machine(site="north", since="always"), 2) is None
    dated = revised(None, machine(site="north", since="2026-11-10"), 1)
    with pytest.raises(Rejected, match="m1 has another entry since '2026-11-10'"):
        _revised(dated, machine(site="south"), 2)
    with pytest.raises(Rejected, match="m1 has another entry since 'always'"):
        _revised(first, machine(site="south"), 2)


def test_an_entry_of_no_kind_has_no_document() -> None:
    with pytest.raises(TypeError, match="CatalogFile has no document"):
        _revised(None, CatalogFile(), 1)


def test_a_machine_keeps_the_history_of_its_sites() -> None:
    first = revised(None, machine(site="north"), 1)
    assert first["placements"] == [["", "north"]]
    assert affected_since(first, 0) == ""
    moved = revised(first, machine(site="south", since="2026-11-10"), 2)
    assert moved["placements"] == [["", "north"], ["2026-11-10", "south"]]
    assert (moved["site"], affected_since(moved, 1), affected_since(moved, 2)) == (
        "south",
        "2026-11-10",
        None,
    )
    wrong = revised(moved, machine(site="west", since="always"), 3)
    assert wrong["placements"] == [["", "west"]]
    assert affected_since(wrong, 2) == ""


def test_the_same_entry_again_is_no_change() -> None:
    first = revised(None, machine(site="north", name="Hall"), 1)
    assert _revised(first, machine(site="north"), 2) is None
    held = revised(None, planogram("cola"), 1)
    assert _revised(held, planogram("cola"), 2) is None
    site = convert(SiteEntry, id="north", timeZone="Europe/Berlin")
    assert _revised(revised(None, site, 1), site, 2) is None


def test_another_site_needs_to_say_since_when() -> None:
    first = revised(None, machine(site="north"), 1)
    with pytest.raises(Rejected, match=r'm1 has another entry .*add since = "YYYY-MM-DD"') as fault:
        _revised(first, machine(site="south"), 2)
    assert fault.value.reason == "wrong-catalog"
    held = revised(None, planogram("cola"), 1)
    with pytest.raises(Rejected, match="m1 has another entry"):
        _revised(held, planogram("tea"), 2)


def test_a_new_name_changes_no_day() -> None:
    site = {"id": "north", "timeZone": "Europe/Berlin", "route": "r1"}
    first = revised(None, convert(SiteEntry, **site), 1)
    renamed = revised(first, convert(SiteEntry, **site, name="North Hall"), 2)
    assert (renamed["name"], affected_since(renamed, 1)) == ("North Hall", None)
    rerouted = revised(renamed, convert(SiteEntry, **site | {"route": "r2"}), 3)
    assert affected_since(rerouted, 1) == ""


def test_editions_stand_in_the_order_of_their_dates() -> None:
    held = revised(None, planogram("cola"), 1)
    held = revised(held, planogram("tea", since="2026-11-10"), 2)
    held = revised(held, planogram("water", since="2026-11-03T06:30"), 3)
    assert [edition["since"] for edition in held["editions"]] == ["", "2026-11-03T06:30", "2026-11-10"]
    assert affected_since(held, 2) == "2026-11-03"
    assert affected_since(held, 1) == "2026-11-03"


def test_unknown_fields_of_a_document_survive() -> None:
    held = revised(None, machine(site="north"), 1) | {"asset": 77}
    assert revised(held, machine(site="north", name="Hall"), 2)["asset"] == 77


def test_the_oldest_changes_are_joined_to_the_earlier_day_and_the_later_version() -> None:
    """Merely cautious: a day may be computed once more than it must."""
    held = revised(None, planogram("cola"), 1)
    held["affects"] = [[n, f"2026-11-{30 - n:02d}"] for n in range(1, AFFECTS + 1)]
    held = revised(held, planogram("tea", since="2026-12-01"), 99)
    assert held["affects"][:2] == [[2, "2026-11-28"], [3, "2026-11-27"]]
    assert held["affects"][-1] == [99, "2026-12-01"]
    assert len(held["affects"]) == AFFECTS


def test_old_changes_are_joined_and_none_is_forgotten() -> None:
    held = revised(None, planogram("cola", since="2025-01-01"), 1)
    for version in range(2, AFFECTS + 12):
        held = revised(held, planogram(f"sku{version}", since="2026-11-10"), version)
    assert len(held["affects"]) == AFFECTS
    assert affected_since(held, 0) == "2025-01-01"
    assert affected_since(held, AFFECTS + 10) == "2026-11-10"


def test_whose_sales_count_is_dated_and_of_a_new_machine_for_ever() -> None:
    document = revised(None, machine(site="north", sales="audit"), 1)
    assert (document["sources"], affected_since(document, 0)) == ([["", "audit"]], "")
    assert "sales" not in document
    assert _revised(document, machine(site="north", sales="audit"), 2) is None
    assert _revised(document, machine(site="north"), 2) is None
    back = revised(document, machine(site="north", sales="device", salesSince="2026-11-20T06:30"), 2)
    assert back["sources"] == [["", "audit"], ["2026-11-20T06:30", "device"]]
    assert "salesSince" not in back
    assert affected_since(back, 1) == "2026-11-20"


def test_a_known_machine_says_from_which_moment_its_audits_count() -> None:
    known = revised(None, machine(site="north"), 1)
    with pytest.raises(Rejected, match=r'm1 has another entry .*add salesSince = "YYYY-MM-DD"'):
        _revised(known, machine(site="north", sales="audit"), 2)
    assert _revised(known, machine(site="north", sales="device"), 2) is None
    dated = revised(known, machine(site="north", sales="audit", salesSince="2026-11-20"), 2)
    assert dated["sources"] == [["", "device"], ["2026-11-20", "audit"]]
    assert dated["placements"] == [["", "north"]]
    always = revised(known, machine(site="north", sales="audit", salesSince="always"), 2)
    assert always["sources"] == [["", "audit"]]


def test_a_move_and_another_source_change_the_days_since_the_earlier_of_them() -> None:
    known = revised(None, machine(site="north"), 1)
    entry = machine(site="south", since="2026-11-18", sales="audit", salesSince="2026-11-16")
    assert affected_since(revised(known, entry, 2), 1) == "2026-11-16"
