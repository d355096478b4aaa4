"""The stock-out board: what is sold out, since when, and what it costs a day."""

from datetime import timedelta

import pytest

from tests.support.named_fleet import AT, HOUR, NOW, ZONE, NamedFleet
from vending.views import sold_days, stockouts
from vending.views.paging import Place
from vending.views.sold_days import SoldBefore
from vending.views.stockouts import StockOut, StockOutQuery, StockOuts


@pytest.fixture
async def fleet() -> NamedFleet:
    return await NamedFleet().begin()


async def board(fleet: NamedFleet, query: StockOutQuery | None = None) -> StockOuts:
    return await stockouts.stockouts(fleet.stores(), query or StockOutQuery(), ZONE, NOW)


async def test_a_row_says_what_and_what_it_costs(fleet: NamedFleet) -> None:
    found = await board(fleet)
    assert (found.next, found.total) == (None, 2)
    assert found.stockouts[0] == StockOut(
        machine_id="m1", name="Lobby, left", site="s1", site_name="Town Hall", route="north",
        selection="A1", since="2026-03-09T10:00:00.000Z", sku="cola", product="Cola 0.33 l",
        price_minor=220, currency="EUR", units_per_day=2.0, lost_minor_per_day=440,
    )  # fmt: skip
    # Nothing is known of the week before of a machine that was first heard today.
    other = found.stockouts[1]
    assert (other.machine_id, other.product, other.price_minor) == ("m2", "tea", None)
    assert (other.units_per_day, other.lost_minor_per_day) == (None, None)


async def test_a_machine_that_nobody_placed_is_on_the_board(fleet: NamedFleet) -> None:
    await fleet.alert("m4", "sold-out", "B7", AT)
    row = (await board(fleet)).stockouts[-1]
    assert (row.machine_id, row.site, row.sku, row.product) == ("m4", None, None, None)


@pytest.mark.parametrize(
    ("query", "machines"),
    [
        (StockOutQuery(site="s2"), ["m2"]),
        (StockOutQuery(route="north"), ["m1", "m2"]),
        (StockOutQuery(route="south"), []),
    ],
)
async def test_of_a_site_or_route(fleet: NamedFleet, query: StockOutQuery, machines: list[str]) -> None:
    assert [row.machine_id for row in (await board(fleet, query)).stockouts] == machines


async def test_a_walk_while_slots_are_filled_and_sell_out(fleet: NamedFleet) -> None:
    """A new stock-out is the newest, and so comes last."""
    stores, now, found = fleet.stores(), NOW, []
    after: Place | None = None
    await fleet.alert("m3", "sold-out", "A1", AT - 3 * HOUR)
    for late in range(9):
        page = await stockouts.stockouts(stores, StockOutQuery(limit=1, after=after), ZONE, now)
        found += [(row.machine_id, row.selection, row.since) for row in page.stockouts]
        if page.next is None:
            break
        after, now = stockouts.ORDER.placed(page.next), now + timedelta(seconds=5)
        fleet.alerts.damage("m3", "current:sold-out:A1", state="closed")
        if late < 3:
            await fleet.alert("m1", "sold-out", f"B{late}", AT + late)
    assert [(machine, slot) for machine, slot, _ in found] == [
        ("m3", "A1"), ("m1", "A1"), ("m2", "A2"), ("m1", "B0"), ("m1", "B1"), ("m1", "B2"),
    ]  # fmt: skip


async def test_what_the_catalog_does_not_tell_is_left_out(fleet: NamedFleet) -> None:
    fleet.world.catalog.damage("planogram", "m1", editions="many")
    row = (await board(fleet)).stockouts[0]
    assert (row.machine_id, row.selection, row.sku, row.lost_minor_per_day) == ("m1", "A1", None, None)
    assert row.units_per_day == 2.0


async def test_days_are_read_once(fleet: NamedFleet) -> None:
    stores, asked = fleet.stores(), []
    await stockouts.stockouts(stores, StockOutQuery(), ZONE, NOW)
    fleet.world.machines.fault = lambda operation, key: asked.append(key)
    await stockouts.stockouts(stores, StockOutQuery(), ZONE, NOW + timedelta(minutes=1))
    assert asked == []


async def test_what_is_remembered_is_bounded(fleet: NamedFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sold_days, "KEPT", 2)
    held, asked = SoldBefore(), []
    fleet.world.machines.fault = lambda operation, key: asked.append(key)
    for machine in ("m1", "m2", "m3", "m3", "m1"):
        await held.before(fleet.world.machines, machine, "2026-03-09")
    assert asked == [name for name in ("m1", "m2", "m3", "m1") for _ in range(7)]
