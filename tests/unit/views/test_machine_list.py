"""The list of machines: what is searched, filtered and sorted, over the whole fleet."""

from datetime import timedelta
from typing import get_args

import pytest

from blueprints.questions_machines import words
from tests.support.named_fleet import AT, HOUR, NOW, NamedFleet
from tests.support.rollup_world import vend
from vending.events.event_types import LEDGER
from vending.views.answers.machines import Totals
from vending.views.machine_list import KEYS, MachineQuery, Sort, machine_list, place_of
from vending.views.stores import ViewStores


@pytest.fixture
async def fleet() -> NamedFleet:
    return await NamedFleet().begin()


async def ids(stores: ViewStores, query: MachineQuery) -> list[str]:
    return [row.machine_id for row in (await machine_list(stores, query, NOW)).machines]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["m1", "m2", "m3", "m4"]),
        ("M2", ["m2"]),
        ("lobby", ["m1"]),
        ("left lobby", ["m1"]),
        ("älter", ["m2"]),
        ("ÄLTER north", ["m2"]),
        ("north", ["m1", "m2"]),
        ("s3", ["m3"]),
        ("hyperlink(", ["m3"]),
        ("lobby älter", []),
        (".*", []),
    ],
)
async def test_every_word_stands_somewhere(fleet: NamedFleet, text: str, found: list[str]) -> None:
    assert await ids(fleet.stores(), MachineQuery(words=words(text))) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (MachineQuery(route="north"), ["m1", "m2"]),
        (MachineQuery(site="s2"), ["m2"]),
        (MachineQuery(route="south"), []),
        (MachineQuery(state="never"), ["m3"]),
        (MachineQuery(state="silent"), ["m1", "m4"]),
        (MachineQuery(rule="sold-out"), ["m1", "m2"]),
        (MachineQuery(rule="silent"), ["m4"]),
        (MachineQuery(rule="cold-chain"), []),
        (MachineQuery(rule="sold-out", state="silent", route="north"), ["m1"]),
        (MachineQuery(placed=True), ["m1", "m2", "m3"]),
    ],
)
async def test_filters_are_joined(fleet: NamedFleet, query: MachineQuery, found: list[str]) -> None:
    page = await machine_list(fleet.stores(), query, NOW)
    assert [row.machine_id for row in page.machines] == found
    assert page.total == len(found)


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("id", ["m1", "m2", "m3", "m4"]),
        ("-id", ["m4", "m3", "m2", "m1"]),
        ("name", ["m3", "m1", "m2", "m4"]),
        ("-name", ["m4", "m2", "m1", "m3"]),
        ("site", ["m4", "m3", "m1", "m2"]),
        ("-route", ["m1", "m2", "m3", "m4"]),
        ("lastSeen", ["m3", "m1", "m4", "m2"]),
        ("-lastSeen", ["m2", "m4", "m1", "m3"]),
        ("-soldOut", ["m1", "m2", "m3", "m4"]),
        ("alerts", ["m3", "m1", "m2", "m4"]),
    ],
)
async def test_the_order_is_over_all_machines_and_goes_on(
    fleet: NamedFleet, sort: Sort, found: list[str]
) -> None:
    stores = fleet.stores()
    assert await ids(stores, MachineQuery(sort=sort)) == found
    walked: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await machine_list(stores, MachineQuery(limit=1, after=place_of(sort, after), sort=sort), NOW)
        walked += [row.machine_id for row in page.machines]
        after = page.next
    assert walked == found


def test_every_key_has_both_directions() -> None:
    assert set(get_args(Sort)) == KEYS.keys() | {f"-{name}" for name in KEYS}


async def test_a_row_has_names_and_what_is_wrong(fleet: NamedFleet) -> None:
    rows = {row.machine_id: row for row in (await machine_list(fleet.stores(), MachineQuery(), NOW)).machines}
    named = {name: (row.name, row.site, row.site_name, row.route) for name, row in rows.items()}
    assert named == {
        "m1": ("Lobby, left", "s1", "Town Hall", "north"),
        "m2": ("m2", "s2", "Älter Markt", "north"),
        "m3": ("=HYPERLINK(1)", "s3", "Depot", None),
        "m4": ("m4", None, None, None),
    }
    assert [(rows[name].alerts, rows[name].rules) for name in ("m1", "m3", "m4")] == [
        (1, ["sold-out"]),
        (0, []),
        (1, ["silent"]),
    ]


async def test_a_machine_that_speaks_again_is_not_counted_as_silent(fleet: NamedFleet) -> None:
    """The sweep closes its alert up to a minute later."""
    await fleet.world.arrive([vend("m4", 2, AT)])
    page = await machine_list(fleet.stores(), MachineQuery(rule="silent"), NOW)
    assert page.total == 0


async def test_a_malformed_alert_costs_itself(fleet: NamedFleet) -> None:
    fleet.alerts.damage("m1", "current:sold-out:A1", since="long ago")
    assert await ids(fleet.stores(), MachineQuery(rule="sold-out")) == ["m2"]


async def test_a_walk_by_id_while_machines_come_gives_none_twice(fleet: NamedFleet) -> None:
    stores, now = fleet.stores(), NOW
    found: list[str] = []
    after: str | None = ""
    news = iter(["m0", "m1a", "m9", "m2a"])
    while after is not None:
        query = MachineQuery(limit=1, after=place_of("id", after))
        page = await machine_list(stores, query, now)
        found += [row.machine_id for row in page.machines]
        after, now = page.next, now + timedelta(seconds=5)
        if (name := next(news, None)) is not None:
            await fleet.world.arrive([vend(name, 1, AT)])
    assert len(set(found)) == len(found)
    assert set(found) >= {"m1", "m2", "m3", "m4", "m9"}


async def test_only_the_stock_of_the_page_is_read(fleet: NamedFleet) -> None:
    asked: list[str] = []
    fleet.world.machines.fault = lambda operation, key: asked.append(f"{operation} {key}")
    await machine_list(fleet.stores(), MachineQuery(limit=1, sort="-lastSeen"), NOW)
    assert asked == ["select *"]


async def test_what_is_remembered_is_read_again_after_two_seconds(fleet: NamedFleet) -> None:
    stores = fleet.stores()
    assert (await machine_list(stores, MachineQuery(), NOW)).total == 4
    await fleet.world.arrive([vend("m5", 1, AT + HOUR)])
    for seconds, total in ((1, 4), (2, 5)):
        assert (await machine_list(stores, MachineQuery(), NOW + timedelta(seconds=seconds))).total == total


def test_totals_are_all_that_ledger_events_count() -> None:
    counters = {counter for shape in LEDGER.values() for counter in shape.counters}
    assert set(Totals.__struct_fields__) == counters | {"revenue"}
