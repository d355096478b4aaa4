"""Conditions as they are stored: literal documents of both schemas, and what goes out of them."""

import json
import re
from typing import Any

import pytest

from tests.support.events import World, delivered, temperature
from vending.documents.base import Malformed, load
from vending.documents.conditions import Conditions, Named, NamedBy
from vending.errors import Transient
from vending.ports import Put
from vending.state import conditions

REGISTERS = """{"seen": [1, 9, 1772366400000, "ntp"], "temp:main": [1, 9, 1772366400000, 4.5]}"""
SECOND = f"""{{
    "id": "3:0", "type": "conditions", "schema": 2, "partition": "3", "shard": 0, "rev": 7, "bytes": 82,
    "machines": {{"m1": {REGISTERS}}},
    "named": {{"hour": 4923, "machines": {{"m1": ["dev-1", 4923, "g1", 17], "m2": ["", 4922, "g1", 18]}}}},
    "exclusions": 4, "tags": {{"asset": [77, null]}}
}}"""
FIRST = f"""{{
    "id": "3:1", "type": "conditions", "schema": 1, "partition": "3", "shard": 1, "rev": 0, "bytes": 82,
    "machines": {{"m1": {REGISTERS}}}, "tags": {{"asset": [77, null]}}
}}"""


def stored(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def as_json(document: Conditions) -> Any:
    return json.loads(json.dumps(document.dump()))


def test_a_document_goes_out_as_it_came() -> None:
    document = load(stored(SECOND), Conditions)
    assert as_json(document) == stored(SECOND)
    assert document.named == Named(
        4923, {"m1": NamedBy("dev-1", 4923, "g1", 17), "m2": NamedBy("", 4922, "g1", 18)}
    )
    assert document.rest == {"tags": {"asset": [77, None]}}


def test_a_document_of_schema_1_goes_out_as_schema_2_and_nothing_else_changes() -> None:
    assert as_json(load(stored(FIRST), Conditions)) == stored(FIRST) | {"schema": 2}


def test_an_empty_document_says_what_it_is() -> None:
    assert conditions.empty("3", 1).dump() == {
        "id": "3:1", "type": "conditions", "schema": 2, "partition": "3", "shard": 1, "rev": 0, "bytes": 0,
        "machines": {},
    }  # fmt: skip


def test_entries_are_taken_as_they_are_and_the_map_of_them_is_not() -> None:
    """A document's entries are hundreds of kilobytes, and what a process remembers must not change."""
    body = stored(SECOND)
    document = load(body, Conditions)
    assert document.machines["m1"] is body["machines"]["m1"]
    conditions.put_entry(document, "m2", {})
    conditions.remove(document, "m1")
    assert (list(document.machines), body) == (["m2"], stored(SECOND))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"machines": [1]}, "conditions 3:0/3:0: Expected `object`, got `array` - at `$.machines`"),
        ({"bytes": "82"}, "conditions 3:0/3:0: Expected `int`, got `str` - at `$.bytes`"),
        ({"named": {"machines": {"m1": ["dev-1"]}}}, "Expected `array` of length 4, got 1"),
    ],
)
def test_what_is_malformed_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Malformed, match=re.escape(said)):
        load(stored(SECOND) | change, Conditions)


async def test_ingest_changes_what_came_and_keeps_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "grown", lambda *_: True)
    world = World()
    for body in (FIRST, SECOND):
        held = stored(body) | {"id": "0:0", "partition": "0", "shard": 0}
        world.conditions.items.clear()
        await world.conditions.write("0:0", [Put(held)])
        await world.take(*delivered([temperature(3, 5.0, machine="m9")]))
        await world.take(*delivered([temperature(4, machine="m8")], first=1))
        after, _ = world.conditions.bodies("conditions")
        entry = after["machines"].pop("m9")
        size = len('"m9":,') + len(json.dumps(entry, separators=(",", ":")))
        assert sorted(entry) == ["fair:main", "seen", "temp:main"]
        assert after == held | {"schema": 2, "rev": held["rev"] + 1, "bytes": held["bytes"] + size}


async def test_newer_code_is_waited_for() -> None:
    world = World()
    newer = stored(SECOND) | {"id": "0:0", "schema": 3, "machines": "elsewhere"}
    await world.conditions.write("0:0", [Put(newer)])
    with pytest.raises(Transient, match="conditions 0:0 has schema 3, this version knows 2"):
        await world.take(*delivered([temperature(3)]))
    assert world.conditions.bodies("conditions") == [newer]
