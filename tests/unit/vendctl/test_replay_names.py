"""Names that look alike are never merged: both are shown, and the mapping says what they are."""

from pathlib import Path

import pytest

from tests.unit.vendctl.test_replay_rows import HEADER, MAP, ROW, read
from vendctl.replay.errors import ReplayError
from vendctl.replay.names import selection_of_product

LONG = "A" * 125
CASES = [
    ("machines", "Hall 1", "Canon X100 Lobby", "Canon X100 Gym", "x100"),
    ("machines", "Hall 1", "Hall 1", "hall-1", "hall-1"),
    ("machines", "Hall 1", "Café", "Cafe", "cafe"),
    ("products", "Coffee", f"{LONG}1", f"{LONG}2", "A" * 120),
    ("products", "Coffee", "Oat Bar", "Oat  Bar", "Oat Bar"),
    ("selections", "11", "A/1", "A 1", "A-1"),
    ("selections", "11", "11", "*11", "11"),
]


def rows(name: str, first: str, second: str) -> str:
    later = ROW.replace("10:00", "10:01")
    return "\n".join([HEADER, ROW.replace(name, first, 1), later.replace(name, second, 1)])


@pytest.mark.parametrize(("kind", "name", "first", "second", "merged"), CASES)
def test_two_names_never_become_one_id(
    tmp_path: Path, kind: str, name: str, first: str, second: str, merged: str
) -> None:
    with pytest.raises(ReplayError) as told:
        read(tmp_path, rows(name, first, second))
    both = (
        f"line 3: {kind} {first!r} and {second!r} would both be {merged!r}: say under [{kind}] in the mapping"
    )
    assert both in str(told.value)


@pytest.mark.parametrize(("kind", "name", "first", "second", "merged"), CASES)
def test_the_mapping_says_what_each_is(
    tmp_path: Path, kind: str, name: str, first: str, second: str, merged: str
) -> None:
    def called(one: str, other: str) -> list[str | None]:
        table = f'{MAP}[{kind}]\n"{first}" = "{one}"\n"{second}" = "{other}"\n'
        found = read(tmp_path, rows(name, first, second), table).sales
        return [getattr(sale, kind[:-1]) for sale in found]

    assert called("one", "two") == ["one", "two"]
    assert called("both", "both") == ["both", "both"]


def test_one_of_two_names_alone_does_not_say_that_they_are_the_same(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="would both be 'hall-1'"):
        read(tmp_path, rows("Hall 1", "Hall 1", "Annexe"), f'{MAP}[machines]\nAnnexe = "hall-1"\n')


def test_the_same_slot_of_two_machines_is_two_slots(tmp_path: Path) -> None:
    text = rows("Hall 1;11", "Hall 1;A/1", "Hall 2;A 1")
    assert [sale.selection for sale in read(tmp_path, text).sales] == ["A-1", "A-1"]


def test_a_selection_made_of_a_product_is_of_its_name_alone() -> None:
    names = ["Tea", "Crisps, salted", "Oat Bar with Nuts", "Oat Bar with Fruit", "水", "烏龍茶", "--"]
    found = [selection_of_product(name) for name in names]
    assert found[:2] == ["tea", "crisps-salted"]
    assert len(set(found)) == len(names)
    assert all(1 <= len(one) <= 16 for one in found)


def test_products_whose_made_selections_are_one_are_shown(tmp_path: Path) -> None:
    mapping = MAP.replace('selection = "Slot"\n', "")
    with pytest.raises(
        ReplayError, match=r"products 'Tea' and 'TEA' would both be 'tea': say under \[products\]"
    ):
        read(tmp_path, rows("Coffee", "Tea", "TEA"), mapping)


def test_a_text_that_is_too_long_is_never_cut(tmp_path: Path) -> None:
    mapping = MAP.replace("[columns]", '[columns]\ntransaction = "Sale"')
    with pytest.raises(
        ReplayError, match=r"transaction \(column 'Sale'\): 'T+' is longer than 120 characters"
    ):
        read(tmp_path, f"{HEADER};Sale\n{ROW};{'T' * 121}\n", mapping)


def test_more_currencies_than_a_machine_holds_are_told(tmp_path: Path) -> None:
    mapping = MAP.replace("[columns]", '[columns]\ncurrency = "Cur"')
    codes = [f"A{a}{b}" for a in "ABCD" for b in "ABCDE"][:17]
    text = "\n".join([f"{HEADER};Cur", *(f"{ROW};{code}" for code in codes)])
    with pytest.raises(ReplayError, match="hall-1 has 17 currencies, a machine holds 16 at most"):
        read(tmp_path, text, mapping)
