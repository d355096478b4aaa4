"""Prices that are not the catalog's."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.alerts.test_alert_lifecycle import World
from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Day
from vending.alerts.transitions import Finding
from vending.alerts.watch_days import watch_days
from vending.documents.days import MachineDay

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def day(date: str = "2026-03-01", rev: int = 1, **prices: Any) -> MachineDay:
    """A day on which A1 and A2 were sold, and A3 given away, with the prices that differ."""
    sold = {"A1": {"vends": 2, "units": 2}, "A2": {"vends": 1, "units": 1}, "A3": {"free": 1}}
    return MachineDay(
        id=f"day:{date}", machine_id="m1", date=date, rev=rev, sites=["s"], figures={"selections": sold},
        window=[0, 1], pages=1, catalog_version=1, version=1, prices=prices or None,
    )  # fmt: skip


def price_differs(held: MachineDay, **said: Any) -> dict[str, Finding]:
    found = rules.named("price-differs").findings(Day(held, 9, Policy({"price-differs": said})))
    return {finding.component: finding for finding in found}


@pytest.mark.parametrize(
    ("price", "said", "firing"),
    [
        (None, {}, False),
        ([5, 149, "EUR", 150, "EUR"], {}, True),
        ([5, 151, "EUR", 150, "EUR"], {}, True),
        ([5, 160, "EUR", 150, "EUR"], {"toleranceMinor": 10}, False),
        ([5, 161, "EUR", 150, "EUR"], {"toleranceMinor": 10}, True),
        ([5, 140, "EUR", 150, "EUR"], {"toleranceMinor": 10}, False),
        ([5, 139, "EUR", 150, "EUR"], {"toleranceMinor": 10}, True),
        ([5, 150, "USD", 150, "EUR"], {"toleranceMinor": 10}, True),
    ],
)
def test_the_boundaries(price: list[Any] | None, said: dict[str, Any], firing: bool) -> None:
    held = day(A1=price) if price else day()
    found = price_differs(held, **said)
    assert {name: x.firing for name, x in found.items()} == {"A1": firing, "A2": False}
    assert found["A1"].at == (5 if price else 9)


def test_the_newest_day_and_its_newest_revision_count() -> None:
    orders = [price_differs(day(date, rev))["A1"].order for date, rev in (
        ("2025-12-31", 7), ("2026-03-01", 1), ("2026-03-01", 2), ("2026-03-02", 1))]  # fmt: skip
    assert orders == sorted(orders)


def test_it_says_both_prices() -> None:
    found = price_differs(day(A1=[5, 160, "EUR", 150, "EUR"]))
    assert found["A1"].detail == {"charged": "160 EUR", "catalog": "150 EUR"}
    assert found["A2"].detail == {}


WRONG = [1_772_366_400_000, 160, "EUR", 150, "EUR"]


async def test_it_opens_and_closes_from_the_feed_of_days() -> None:
    world = World()
    for held, changed, states in (
        (day(), 0, {}),
        (day("2026-03-01", 2, A1=WRONG), 1, {"A1": "open"}),
        (day("2026-03-01", 3, A1=WRONG), 0, {"A1": "open"}),
        (day("2026-03-02"), 1, {"A1": "closed"}),
    ):
        world.machines.put(held.dump())
        batch = [{"type": "page", "machineId": "m1"}, held.dump(), {"type": "day", "machineId": "m2"}]
        assert await watch_days(batch, world.stores, NOW) == changed
        assert world.states() == states
    await world.deliver()
    assert [told["text"] for _, told in world.webhook.posted] == [
        "m1: selection A1 costs 160 EUR, in the catalog 150 EUR (minor units)",
        "m1: selection A1 costs what the catalog says",
    ]


async def test_an_older_day_that_is_corrected_says_nothing_against_a_newer_one() -> None:
    """The newer one agreed that nothing is wrong, and left no mark."""
    world = World()
    late, newer = day("2026-02-27", 5, A1=WRONG), day("2026-02-28")
    for held in (late, newer):
        world.machines.put(held.dump())
    assert await watch_days([newer.dump()], world.stores, NOW) == 0
    assert await watch_days([late.dump()], world.stores, NOW) == 0
    assert world.states() == {}


async def test_what_is_long_ago_is_no_evidence() -> None:
    world = World()
    for date, changed in (("2026-02-14", 0), ("2026-02-15", 1)):
        held = day(date, A1=WRONG)
        world.machines.put(held.dump())
        assert await watch_days([held.dump()], world.stores, NOW) == changed


async def test_a_batch_without_days_asks_nothing() -> None:
    world = World()

    def fault(operation: str, key: str) -> None:
        raise AssertionError(operation)

    world.alerts.fault = fault
    assert await watch_days([{"type": "page"}, await world.stock(s21=0)], world.stores, NOW) == 0
