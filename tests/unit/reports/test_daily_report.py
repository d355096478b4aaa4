"""What people read in the morning: a whole report, and that its figures are the views'."""

import asyncio
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.morning import DAY, NOW, SITES, alert, empty_stores, morning, sold
from tests.support.plain import fleet
from vending.money import amounts
from vending.reports.daily_report import change, report, subject
from vending.reports.facts import LISTED, WHOLE, Facts, MachineSales, OpenAlert, Ranking, Scope, Tubes
from vending.reports.gather import gather
from vending.reports.layout import Table, as_html, as_text
from vending.time import millis
from vending.views.fleet import COUNTS
from vending.views.stores import ViewStores

ZONE = "Europe/Berlin"
LINK = "https://vend.example/dashboard"
NOTHING = Facts(WHOLE, DAY, ZONE, {}, {}, {})
TEXT = (Path(__file__).parent / "morning.txt").read_text()


async def gathered(scope: Scope = WHOLE, stores: ViewStores | None = None) -> Facts:
    return await gather(stores or await morning(), scope, DAY, ZONE, NOW)


async def test_the_whole_report() -> None:
    assert as_text(report(await gathered(), LINK)) == TEXT


async def test_the_html_says_the_same_and_no_name_is_markup() -> None:
    made = report(await gathered(), LINK)
    html = as_html(made)
    told = [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", html)]
    assert told == [
        cell
        for table in made.tables
        for row in [*([table.heads] if table.heads else []), *table.rows]
        for cell in row
    ]
    assert "School <7>" in "".join(told)
    assert "<7>" not in html
    assert not re.search(r"<(script|img|link|style)|url\(", html), "nothing is loaded, nothing runs"


async def test_the_subject_says_what_matters() -> None:
    facts = await gathered()
    said = "78.00 EUR + 1,200 JPY + 3.00 USD; 2 critical, 1 silent, 4 sold out"
    assert subject(facts) == f"Sun 1 Mar 2026: {said}"
    west = await gathered(Scope(routes=("west",)))
    assert subject(west) == "Sun 1 Mar 2026 (route west): 1,200 JPY + 3.00 USD; all well"


async def test_a_supervisor_reads_of_his_own_routes_and_sites() -> None:
    stores = await morning()
    facts = await gathered(Scope(routes=("south",), sites=("pier", "nowhere")), stores)
    text = as_text(report(facts))
    assert text.startswith("Sun 1 Mar 2026: route south and sites pier, nowhere\n")
    assert (facts.sold["vends"], facts.sold["revenue"]) == (14, {"EUR": 1800, "JPY": 1200, "USD": 300})
    assert {alert.machine for alert in facts.alerts} == {"m3"}
    assert [one.machine for one in facts.best.machines] == ["m3", "m4"]
    assert facts.states == {"online": 1, "never": 1}
    assert "$hub" not in text
    assert "m1" not in text


async def test_a_site_on_a_route_that_is_named_too_counts_once() -> None:
    facts = await gathered(Scope(routes=("north",), sites=("station",)))
    assert facts.sold["vends"] == 40


async def test_tubes_are_told_where_the_currency_can_only_be_one() -> None:
    """Devices state coins, and no currency: 40 of 0.10 and 20 of 0.50."""
    facts = await gathered(Scope(routes=("north",)))
    assert "  in coin tubes  14.00 EUR  stated by 1 of 2 machines" in as_text(report(facts))


async def test_an_empty_fleet_has_a_report() -> None:
    text = as_text(report(await gathered(stores=empty_stores())))
    assert text.startswith("Sun 1 Mar 2026: all machines\n\nSales\n")
    assert subject(await gathered(stores=empty_stores())) == "Sun 1 Mar 2026: no sales; all well"
    assert "Sold most" not in text


async def test_sums_that_are_not_whole_are_said_to_be() -> None:
    stores = await morning()
    await alert(stores, "$rollups", "rollups-behind", "shard-1", millis(NOW))
    told = report(await gathered(Scope(routes=("west",)), stores))
    assert told.remarks == [
        "Sales wait to be counted: the figures will grow.",
        "The day is not over in America/Los_Angeles.",
    ]


async def test_only_the_first_are_named() -> None:
    stores = empty_stores()
    for number in range(25):
        await alert(stores, f"m{number:02d}", "cold-chain", "main", millis(NOW) - number * 60_000)
    text = as_text(report(await gathered(stores=stores)))
    assert "Critical alerts: 25" in text
    assert "and 15 more" in text
    assert ("m09" in text, "m10" in text) == (True, False)


def opened(rule: str, count: int) -> list[OpenAlert]:
    return [OpenAlert(f"m{n:02d}", rule, f"A{n}", "warning", "", 0) for n in range(count)]


def table_of(facts: Facts, title: str) -> Table | None:
    return next((table for table in report(facts).tables if table.title.startswith(title)), None)


def test_what_sold_the_week_before_and_not_now_is_told_and_so_are_zero_sales() -> None:
    facts = replace(NOTHING, before={"revenue": {"EUR": 500}, "test": 1})
    sales = table_of(facts, "Sales")
    assert sales is not None
    assert sales.rows == [
        ("revenue, EUR", "0.00", "5.00", "-100 %"),
        ("sales", "0", "0", ""),
        ("units", "0", "0", ""),
        ("test", "0", "1", "-100 %"),
    ]
    assert facts.currency() == "EUR"
    assert replace(facts, sold={"revenue": {"USD": 1}}).currency() is None


def test_cash_is_told_as_far_as_it_is_known() -> None:
    assert table_of(NOTHING, "Cash") is None
    free = replace(NOTHING, sold={"payments": {"cash": {"free": 1}}})
    assert table_of(free, "Cash") == Table("Cash", [("paid in", amounts({}), "0 sales")])
    tubes = replace(NOTHING, sold={"revenue": {"JPY": 100}}, tubes=Tubes(1, 1400), states={"online": 2})
    assert table_of(tubes, "Cash") == Table(
        "Cash", [("in coin tubes", "1,400 JPY", "stated by 1 of 2 machines")]
    )


@pytest.mark.parametrize(("rule", "title"), [("silent", "Silent machines"), ("sold-out", "Sold out")])
@pytest.mark.parametrize(("count", "note"), [(LISTED, ""), (LISTED + 2, "and 2 more")])
def test_a_list_tells_how_many_it_leaves_out(rule: str, title: str, count: int, note: str) -> None:
    table = table_of(replace(NOTHING, alerts=opened(rule, count)), title)
    assert table is not None
    assert (len(table.rows), table.note) == (LISTED, note)


def test_nothing_is_said_of_silence_where_there_is_none() -> None:
    assert table_of(NOTHING, "Silent") is None


def test_first_the_machines_with_most_sold_out_then_by_name() -> None:
    sold_out = [("m2", "A1"), ("m3", "A1"), ("m3", "A2"), ("m1", "B1")]
    alerts = [OpenAlert(machine, "sold-out", name, "warning", "", 0) for machine, name in sold_out]
    assert list(replace(NOTHING, alerts=alerts).sold_out()) == ["m3", "m1", "m2"]


def test_a_ranking_of_some_sites_says_so() -> None:
    machines = [MachineSales("m1", 3, 1, {"EUR": 450})]
    whole, some = (replace(NOTHING, best=Ranking(machines, whole=whole)) for whole in (True, False))
    tables = [table_of(facts, "Sold most") for facts in (whole, some)]
    said = "Of the sites that sold most: not all were looked at."
    assert [table and table.note for table in tables] == ["", said]
    assert [table and table.rows for table in tables] == [[("m1", "3", "1", "4.50 EUR")]] * 2


def test_a_day_that_is_not_over_names_the_zones() -> None:
    assert report(replace(NOTHING, unfinished=["Asia/Tokyo", "Etc/UTC"])).remarks == [
        "The day is not over in Asia/Tokyo, Etc/UTC."
    ]
    assert report(NOTHING).link == ""


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (0, 0, ""),
        (5, 0, ""),
        (3, 1, "+200 %"),
        (0, 5, "-100 %"),
        (5, 5, "0 %"),
        (11, 10, "+10 %"),
        (1001, 1000, "0 %"),
    ],
)
def test_changes_in_per_cent(now: int, before: int, told: str) -> None:
    assert change(now, before) == told


units = st.fixed_dictionaries({}, optional=dict.fromkeys(SITES, st.integers(0, 30)))


@given(units, units)
def test_the_sums_are_those_of_the_views_and_of_the_routes(now: dict[str, int], then: dict[str, int]) -> None:
    async def told() -> None:
        stores = await morning()
        for day, found in (("2026-04-08", now), ("2026-04-01", then)):
            await sold(stores, day, found)
        at = NOW.replace(month=4, day=9)
        whole = await gather(stores, WHOLE, "2026-04-08", ZONE, at)
        shown = await fleet.summary(stores, ZONE, "2026-04-08", at)
        for figures, day in ((whole.sold, shown["days"][-1]), (whole.before, shown["days"][0])):
            assert {name: figures.get(name, 0) for name in COUNTS} == {x: day[x] for x in COUNTS}
            assert figures.get("revenue", {}) == day["revenue"]
        routes = [Scope(routes=(route,)) for _, route in set(SITES.values())]
        parts = [await gather(stores, scope, "2026-04-08", ZONE, at) for scope in routes]
        for name in ("units", "vends"):
            assert sum(part.sold.get(name, 0) for part in parts) == whole.sold.get(name, 0)
        assert sum(sum(part.states.values()) for part in parts) == sum(whole.states.values())
        named = {one.machine for part in parts for one in part.best.machines}
        assert named == {one.machine for one in whole.best.machines}

    asyncio.run(told())
