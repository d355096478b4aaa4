"""One machine whole: names, what each selection sells, its money, missing numbers."""

from typing import Any

import pytest

from tests.support.named_fleet import AT, HOUR, NOW, ZONE, NamedFleet
from tests.support.plain import machines
from tests.support.rollup_world import event, failure, vend


@pytest.fixture
async def fleet() -> NamedFleet:
    return await NamedFleet().begin()


async def whole(fleet: NamedFleet, machine: str) -> dict[str, Any]:
    found: dict[str, Any] | None = await machines.machine(fleet.stores(), machine, ZONE, NOW)
    assert found is not None
    return found


async def test_names_and_place(fleet: NamedFleet) -> None:
    names = ("name", "site", "siteName", "route", "timeZone")
    found = {
        machine: [(await whole(fleet, machine))[name] for name in names] for machine in ("m1", "m3", "m4")
    }
    assert found == {
        "m1": ["Lobby, left", "s1", "Town Hall", "north", "Europe/Berlin"],
        "m3": ["=HYPERLINK(1)", "s3", "Depot", None, "Etc/UTC"],
        "m4": ["m4", None, None, None, "Etc/UTC"],
    }


async def test_each_selection_of_the_planogram_and_of_the_machine(fleet: NamedFleet) -> None:
    level = {"selection": "Z9", "level": 3}
    await fleet.world.arrive([event("m1", 99, AT, "inventory.level", {"selections": [level]})])
    assert (await whole(fleet, "m1"))["slots"] == [
        {
            "selection": "A1", "onHand": 0, "capacity": 14, "sku": "cola", "product": "Cola 0.33 l",
            "priceMinor": 220, "currency": "EUR", "par": 10,
        },
        {
            "selection": "A2", "onHand": None, "capacity": 9, "sku": "tea", "product": "tea",
            "priceMinor": None, "currency": None, "par": None,
        },
        {
            "selection": "Z9", "onHand": 3, "capacity": None, "sku": None, "product": None,
            "priceMinor": None, "currency": None, "par": None,
        },
    ]  # fmt: skip


async def test_the_cash_since_the_collection(fleet: NamedFleet) -> None:
    cash = (await whole(fleet, "m1"))["cash"]
    assert cash == {"since": None, "taken": {"EUR": 14 * 150}, "owed": []}
    bag = {"visitId": "v1", "bagId": "b1", "boxMinor": 2_100, "billsMinor": 0, "currency": "EUR"}
    collected = event("m1", 16, AT - HOUR, "cash.collected", bag)
    lost = failure("m1", 601, AT, priceMinor=180, currency="EUR", refunded=False, reason="motor")
    await fleet.world.arrive([collected, vend("m1", 600, AT), lost])
    cash = (await whole(fleet, "m1"))["cash"]
    assert (cash["since"], cash["taken"]) == ("2026-03-09T11:00:00.000Z", {"EUR": 150})
    assert cash["owed"] == [
        {"at": "2026-03-09T12:00:00.000Z", "selection": "A1", "minor": 180, "currency": "EUR"}
    ]


async def test_what_is_missing_and_since_when_one_knows(fleet: NamedFleet) -> None:
    await fleet.world.arrive([vend("m2", 5, AT)])
    found = await whole(fleet, "m2")
    assert found["missingLedgerNumbers"] == 3
    assert found["holes"] == [{"device": "dev-m2", "epoch": 1, "missing": [[2, 4]]}]
    assert found["gaps"] == [
        {"device": "dev-m2", "epoch": 1, "first": 2, "last": 4, "since": "2026-03-09T12:00:00.000Z"}
    ]
