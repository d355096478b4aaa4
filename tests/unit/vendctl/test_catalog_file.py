"""Catalog files: three formats, one content; and what is wrong with a file is said by name."""

import json
from pathlib import Path

import msgspec
import pytest

from simulator.fleet import Fleet
from vendctl.catalog import read_file
from vending.domain.catalog_entries import CatalogFile
from vending.errors import Rejected

TOML = """
[[sites]]
id = "north"
timeZone = "Europe/Berlin"
[[machines]]
id = "m1"
site = "north"
since = "2026-11-10"
[[products]]
sku = "cola"
caseSize = 6
[[planograms]]
machine = "m1"
slots = {A1 = {sku = "cola", par = 8, priceMinor = 150}, A2 = {sku = "tea"}}
"""
CSV = {
    "sites": "id,timeZone\nnorth,Europe/Berlin\n",
    "machines": "id,site,since\nm1,north,2026-11-10\n",
    "products": "sku,caseSize\ncola,6\n",
    "planograms": "machine,selection,sku,par,priceMinor\nm1,A1,cola,8,150\nm1,A2,tea,,\n",
}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_three_formats_say_the_same(tmp_path: Path) -> None:
    toml = read_file(written(tmp_path, "a.toml", TOML))
    as_json = msgspec.json.encode(toml).decode()
    assert read_file(written(tmp_path, "a.json", as_json)) == toml
    parts = [read_file(written(tmp_path, f"{kind}.csv", "\ufeff" + text)) for kind, text in CSV.items()]
    assert CatalogFile(parts[0].sites, parts[1].machines, parts[2].products, parts[3].planograms) == toml


def test_the_example_of_the_docs_is_a_catalog(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "rollups.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    assert len(read_file(written(tmp_path, "a.toml", example)).entries()) == 4


def test_the_simulators_fleet_is_a_catalog(tmp_path: Path) -> None:
    text = json.dumps(Fleet(1, 7).describe())
    file = read_file(written(tmp_path, "fleet.json", text))
    assert len(file.entries()) == len(file.sites) + 7 + len(file.products) + 7


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("a.toml", "[[sites]]\nid = 'north'\n", "timeZone"),
        ("a.toml", "[[sites]]\nid = 'n'\ntimeZone = 'Etc/UTC'\ntimezone = 'x'\n", "unknown field `timezone`"),
        ("a.toml", "[[sites]\n", "cannot be read"),
        ("a.json", "[]", "Expected `object`"),
        ("a.json", '{"machines": [{"id": "m/1", "site": "n"}]}', r"machines\[0\].id"),
        ("a.csv", "id,name\nm1,Hall\n", "no column tells the kind"),
        ("a.csv", "sku,caseSize\ncola,six\n", "'six'"),
        ("a.csv", "sku,name\ncola,Cola,more\n", "cells than the header"),
        ("a.csv", "machine,selection,sku\nm1,A1,cola\nm1,A1,tea\n", "twice"),
        ("a.yaml", "", "none of .toml, .json, .csv"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, name: str, text: str, match: str) -> None:
    with pytest.raises(Rejected, match=match):
        read_file(written(tmp_path, name, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="cannot be read"):
        read_file(tmp_path / "none.toml")
