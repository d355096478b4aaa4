"""What an operator may write into the catalog, and what is told of a file that is wrong."""

from typing import Any

import msgspec
import pytest

from vending.errors import Rejected
from vending.writes.catalog_entries import CatalogFile
from vending.writes.entry import Entry


@pytest.mark.parametrize(
    ("part", "match"),
    [
        ({"sites": [{"id": "n", "timeZone": "Europe/Atlantis"}]}, "Europe/Atlantis"),
        ({"machines": [{"id": "m", "site": "n", "since": "2026-02-30"}]}, "2026-02-30"),
        ({"machines": [{"id": "m", "site": "n", "salesSince": "2026-02-03"}]}, "salesSince of m"),
        (
            {"machines": [{"id": "m", "site": "n", "sales": "audit", "salesSince": "2026-02-30"}]},
            "2026-02-30",
        ),
        ({"sites": [{"id": "n", "timeZone": "Etc/UTC"}] * 2}, "twice"),
        (
            {"planograms": [{"machine": "m", "slots": {"A1": {"sku": "x"}}, "since": "2026-11-10T24:10"}]},
            "24:10",
        ),
    ],
)
def test_a_file_with_a_wrong_entry_is_refused(part: dict[str, Any], match: str) -> None:
    with pytest.raises(Rejected, match=match) as fault:
        msgspec.convert(part, CatalogFile).entries()
    assert fault.value.reason == "wrong-catalog"


def test_a_file_names_its_entries_by_kind_and_id() -> None:
    found = msgspec.convert(
        {
            "planograms": [{"machine": "m1", "slots": {"A1": {"sku": "cola"}}}],
            "products": [{"sku": "cola"}],
            "machines": [{"id": "m1", "site": "n"}],
            "sites": [{"id": "n", "timeZone": "Etc/UTC"}],
        },
        CatalogFile,
    )
    assert [(kind, name) for kind, name, _ in found.entries()] == [
        ("site", "n"),
        ("machine", "m1"),
        ("product", "cola"),
        ("planogram", "m1"),
    ]


def test_a_machine_may_stand_in_a_file_once_for_each_day() -> None:
    moves = [
        {"id": "m1", "site": site, "since": since} for site, since in (("n", "always"), ("s", "2026-11-10"))
    ]
    assert len(msgspec.convert({"machines": moves}, CatalogFile).entries()) == 2
    again = {"machines": [*moves, {"id": "m1", "site": "w", "since": "2026-11-10"}]}
    with pytest.raises(Rejected, match=r"m1 stands in the file twice; .* - at `\$.machines\[2\]`"):
        msgspec.convert(again, CatalogFile).entries()


@pytest.mark.parametrize("kind", ["products", "planograms"])
def test_what_stands_in_a_file_twice_is_named(kind: str) -> None:
    entry = {"sku": "x"} if kind == "products" else {"machine": "x", "slots": {"A1": {"sku": "cola"}}}
    with pytest.raises(Rejected, match=rf"x stands in the file twice; .* - at `\$.{kind}\[1\]`"):
        msgspec.convert({kind: [entry, entry]}, CatalogFile).entries()


def opened(*spans: str) -> list[tuple[str, str, Entry]]:
    site = {"id": "n", "timeZone": "Etc/UTC", "openingHours": {"mon": list(spans)}}
    return msgspec.convert({"sites": [site]}, CatalogFile).entries()


@pytest.mark.parametrize("spans", [(), ("06:00-24:00",), ("13:00-18:00", "06:00-12:00"), ("00:00-00:01",)])
def test_a_site_is_open_between_hours_in_any_order(spans: tuple[str, ...]) -> None:
    assert len(opened(*spans)) == 1


@pytest.mark.parametrize(
    "spans",
    [("06:00-12:00", "12:00-18:00"), ("06:00-12:00", "11:00-18:00"), ("22:00-06:00",), ("06:00-06:00",)],
)
def test_hours_that_overlap_touch_or_run_past_midnight_are_refused(spans: tuple[str, ...]) -> None:
    with pytest.raises(Rejected, match=r"openingHours mon of n overlap, .* - at `\$.sites\[0\]`"):
        opened(*spans)


def test_a_zone_of_this_computer_is_no_sites() -> None:
    with pytest.raises(Rejected, match="'localtime' is this computer's"):
        msgspec.convert({"sites": [{"id": "n", "timeZone": "localtime"}]}, CatalogFile).entries()
