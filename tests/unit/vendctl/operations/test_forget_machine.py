"""What a stranger, or a corrupt board, did to a machine is mended: live and in every rebuild (P4)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.events import body, level, temperature, vend
from tests.support.operated_world import World
from vendctl.operations.exclude import NotYet, Who
from vendctl.operations.forget_machine import ArchiveLacks, forget
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.sweep import evaluate_conditions
from vending.documents.base import load
from vending.documents.days import FleetDay
from vending.ingest.exclusions import Scope
from vending.notifications.resend import resend
from vending.rollups import tree
from vending.rollups.shard import roll_up_shard
from vending.state import stock
from vending.views.fleet import summary
from vending.views.machines import machine, sales
from vending.views.stores import ViewStores

VICTIM, THIEF = "vm-victim", "dev-thief"
LAST_EPOCH, LAST = 2_145_999_999, 999_999_999_999
"""Higher than any that provisioning issues."""
HONEST: dict[str, Any] = {"machine": VICTIM, "device": "dev-victim"}
STOLEN: dict[str, Any] = {"machine": VICTIM, "device": THIEF}


async def honest() -> World:
    """The victim as it is without a thief: 20 vends of 30 units, 40 °C, and a neighbour."""
    world = World()
    await world.arrive(
        level(1, 30, **HONEST),
        *[vend(n, ledger=n - 1, **HONEST) for n in range(2, 22)],
        publisher="dev-victim",
    )
    await world.arrive(vend(1, machine="neighbour", device="dev-n"), publisher="dev-n")
    return world


def crimes() -> list[bytes]:
    """Ten million euros, one selection more, 49 numberings, registers and levels frozen for ever."""
    return [
        vend(1, price=1_000_000_000, **STOLEN),
        vend(2, "Z9", data={"currency": "USD"}, **STOLEN),
        *[vend(1, epoch=epoch, **STOLEN) for epoch in range(2, 51)],
        temperature(LAST, 3.0, epoch=LAST_EPOCH, **STOLEN),
        level(LAST - 1, 250, epoch=LAST_EPOCH, **STOLEN),
        level(LAST - 2, 0, "Z9", epoch=LAST_EPOCH, **STOLEN),
    ]


def late() -> list[bytes]:
    """What the victim says after it: a new board with a new numbering, and a warm zone."""
    board = [vend(n, ledger=n, epoch=2, **HONEST) for n in range(1, 4)]
    return [*board, temperature(4, 40.0, epoch=2, **HONEST)]


def highest_epoch(held: dict[str, Any], entry: dict[str, Any]) -> int:
    """After which provisioning goes on."""
    books = [int(book.rpartition("/")[2]) for book in held["applied"]]
    return max([*books, *(int(register[0]) for register in entry.values())])


async def test_after_quarantine_and_forget_the_machine_is_the_honest_one() -> None:
    world, calm = await honest(), await honest()
    await calm.arrive(*late(), publisher="dev-victim")
    await world.arrive(*crimes(), publisher=THIEF)
    before = len(world.dead())
    await world.arrive(*late(), publisher="dev-victim")
    await world.roll_up()
    refused = (
        len(world.dead()) - before
    )  # of the honest new board, where the thief's numberings fill the books
    stolen = world.stock(VICTIM)["totals"]["revenue"]
    assert stolen["EUR"] > 1_000_000_000
    await world.quarantine(VICTIM)
    done = await world.forget(VICTIM, THIEF)
    assert (done.events, done.mended.back, done.mended.left) == (len(crimes()), refused, True)
    mended, wanted = world.stock(VICTIM), calm.stock(VICTIM)
    assert wanted["totals"]["revenue"] == {"EUR": 23 * 150}
    assert done.mended.revenue == {"EUR": 23 * 150 - stolen["EUR"], "USD": -stolen["USD"]}
    assert mended | {"exclusions": 0} == wanted | {"exclusions": 0}
    assert stock.on_hand(world.held(VICTIM)) == {"A1": 7}
    entry = world.fleet()[VICTIM]
    assert entry == calm.fleet()[VICTIM]
    assert (entry["temp:main"][3], highest_epoch(mended, entry)) == (40.0, 2)
    assert world.stock("neighbour") == calm.stock("neighbour")
    assert (await world.rebuilt()).named == []
    found = await world.account()
    assert (found.forgotten, found.lost, found.doubled) == (len(crimes()), 0, 0)


async def revenue(world: World) -> tuple[Any, Any]:
    """Of the victim and the fleet, on the day that is open."""
    (fleet,) = world.fleet_days.bodies("fleetDay")
    day = await world.current(world.machines).read(VICTIM, fleet["id"])
    assert day is not None
    assert fleet["early"]
    return day.body["figures"]["revenue"], tree.total(load(fleet, FleetDay))["revenue"]


async def test_what_the_days_say_is_mended_up_to_the_fleet() -> None:
    world = await honest()
    await world.arrive(*crimes(), publisher=THIEF)
    await world.roll_up()
    await world.quarantine(VICTIM)
    await world.forget(VICTIM, THIEF)
    await world.roll_up()
    assert await revenue(world) == ({"EUR": 20 * 150}, {"EUR": 21 * 150})
    assert (await world.rebuilt()).named == []


async def test_what_is_sold_meanwhile_is_counted_and_what_is_forgotten_is_not() -> None:
    """An open day: lines are added to the entry that still counts what is forgotten, before and after it."""
    world = await honest()
    await world.roll_up()
    stolen = {"EUR": 9_000, "USD": 150}
    await world.arrive(vend(1, price=9_000, **STOLEN), publisher=THIEF)
    await world.arrive(vend(2, data={"currency": "USD"}, **STOLEN), publisher=THIEF)
    await world.roll_up()
    assert (await revenue(world))[0] == {"EUR": 20 * 150 + stolen["EUR"], "USD": stolen["USD"]}
    await world.arrive(vend(22, ledger=21, **HONEST), publisher="dev-victim")
    await world.quarantine(VICTIM)
    await world.forget(VICTIM, THIEF)
    for shard in range(2):
        await roll_up_shard({"shard": shard}, world.now, world.rollups)
    assert (await revenue(world))[0] == {"EUR": 21 * 150 + stolen["EUR"], "USD": stolen["USD"]}
    await world.release(VICTIM)
    await world.arrive(vend(23, ledger=22, **HONEST), publisher="dev-victim")
    await world.roll_up()
    assert await revenue(world) == ({"EUR": 22 * 150}, {"EUR": 23 * 150})
    assert (await world.rebuilt()).named == []


async def test_visits_that_a_stranger_told_of_are_gone_and_the_others_stand() -> None:
    world, calm = World(), World()
    mine, feigned = {"visitId": "v-1", "reason": "fill"}, {"visitId": "v-2", "reason": "collect"}
    for each in (world, calm):
        await each.arrive(body("visit.started", mine, 1, **HONEST), publisher="dev-victim")
    lies = [body("visit.ended", mine, 7, epoch=9, **STOLEN), body("visit.started", feigned, 8, **STOLEN)]
    await world.arrive(*lies, publisher=THIEF)
    assert len(world.machines.bodies("visit")) == 2
    await world.quarantine(VICTIM)
    done = await world.forget(VICTIM, THIEF)
    assert done.mended.visits == 2
    assert world.machines.bodies("visit") == calm.machines.bodies("visit")
    assert (await world.rebuilt()).named == []
    world.machines.damage(VICTIM, "visit:v-1", started=None)
    assert (await world.rebuilt()).differences == 1


async def test_one_corrupt_epoch_of_the_machines_own_board_is_forgotten() -> None:
    world, calm = await honest(), await honest()
    await world.arrive(
        temperature(LAST, 3.0, epoch=LAST_EPOCH, **HONEST), vend(5, ledger=1, epoch=LAST_EPOCH, **HONEST)
    )
    assert highest_epoch(world.stock(VICTIM), world.fleet()[VICTIM]) == LAST_EPOCH
    await world.quarantine(VICTIM)
    assert (await world.forget(VICTIM, epoch_from=1_000)).events == 2
    assert world.stock(VICTIM) | {"exclusions": 0} == calm.stock(VICTIM) | {"exclusions": 0}
    assert highest_epoch(world.stock(VICTIM), world.fleet()[VICTIM]) == 1
    assert (await world.rebuilt()).named == []


async def test_a_machine_of_which_nothing_is_left_is_gone_and_may_come_back() -> None:
    world = World()
    await world.arrive(vend(1, **STOLEN), temperature(2, 3.0, **STOLEN), publisher=THIEF)
    await world.arrive(temperature(1, machine="other"))
    await world.roll_up()
    await world.quarantine(VICTIM)
    done = await world.forget(VICTIM)
    assert (done.mended.left, done.mended.away, done.mended.registers) == (False, 1, 3)
    assert world.known() == {"other"}
    views = ViewStores(world.machines, world.conditions, world.alerts, world.fleet_days, world.catalog)
    assert await machine(views, VICTIM, "Etc/UTC", world.now) is None
    assert await sales(views, VICTIM, None, None) is None
    assert (await summary(views, "Etc/UTC", None, world.now)).machines.total == 1
    assert (await world.rebuilt()).named == []
    await world.release(VICTIM)
    await world.arrive(vend(1, **STOLEN), publisher=THIEF)
    assert world.known() == {"other", VICTIM}
    assert (await world.rebuilt()).named == []


async def test_the_alerts_that_were_raised_on_it_are_closed_and_can_open_again() -> None:
    """The thief's temperature froze the registers: the victim was silent for ever, by an alert for ever."""
    world = await honest()
    stores = AlertStores(world.machines, world.conditions, world.alerts, world.notifications)
    await world.arrive(temperature(LAST, 3.0, epoch=LAST_EPOCH, **STOLEN), publisher=THIEF)
    later = world.now + timedelta(hours=3)
    await evaluate_conditions(stores, later, timedelta(hours=1))
    assert {(x["machineId"], x["state"]) for x in world.alerts.bodies("alert")} >= {(VICTIM, "open")}
    await world.quarantine(VICTIM)
    done = await world.forget(VICTIM, THIEF)
    (alert,) = (x for x in world.alerts.bodies("alert") if x["machineId"] == VICTIM)
    assert (done.mended.alerts, alert["state"], alert["episode"]) == (1, "closed", 1)
    await resend(stores, world.now)
    told = [
        (x["change"], x["idempotencyKey"]) for x in world.notifications.messages if x["machineId"] == VICTIM
    ]
    assert told == [(x, f"{VICTIM}/silent/machine/1/{x}") for x in ("opened", "closed")]
    await evaluate_conditions(stores, later, timedelta(hours=1))  # the honest evidence is as old
    (alert,) = (x for x in world.alerts.bodies("alert") if x["machineId"] == VICTIM)
    assert (alert["state"], alert["episode"], alert["judged"][0]) == ("open", 2, 1)


async def test_an_alert_that_a_stranger_closed_can_open_again() -> None:
    """Judged on evidence of the last epoch, it would take no other for newer."""
    world = await honest()
    stores = AlertStores(world.machines, world.conditions, world.alerts, world.notifications)
    fault = {"component": "motor", "code": "M1"}
    for number, name in enumerate(["fault.raised", "fault.cleared"], 1):
        await world.arrive(body(name, fault, number, epoch=LAST_EPOCH, **STOLEN), publisher=THIEF)
        await evaluate_conditions(stores, world.now, timedelta(hours=1))
    (alert,) = world.alerts.bodies("alert")
    assert (alert["state"], alert["judged"]) == ("closed", [LAST_EPOCH, 2])
    await world.quarantine(VICTIM)
    await world.forget(VICTIM, THIEF)
    await world.release(VICTIM)
    await world.arrive(body("fault.raised", fault, 99, **HONEST), publisher="dev-victim")
    await evaluate_conditions(stores, world.now, timedelta(hours=1))
    (alert,) = world.alerts.bodies("alert")
    assert (alert["state"], alert["episode"]) == ("open", 2)


async def test_from_an_archive_that_lacks_honest_sales_nothing_is_mended() -> None:
    """They would go with the stolen ones, and nothing could bring them back."""
    world = await honest()
    await world.ingest(world.sent(vend(30, ledger=21, **HONEST), publisher="dev-victim"))  # and not archived
    await world.arrive(*crimes(), publisher=THIEF)
    await world.quarantine(VICTIM)
    before = world.state(), dict(world.catalog.items)
    with pytest.raises(ArchiveLacks, match="the archive lacks the events of 1 ledger lines of vm-victim"):
        await world.forget(VICTIM, THIEF)
    assert (world.state(), dict(world.catalog.items)) == before


async def test_a_dry_run_says_it_all_and_changes_nothing() -> None:
    world = await honest()
    await world.arrive(*crimes(), publisher=THIEF)
    await world.quarantine(VICTIM)
    stores = world.machines, world.conditions, world.catalog, world.alerts
    before = [dict(one.items) for one in stores]
    scope = Scope((VICTIM,), THIEF)
    would = await forget(scope, Who("test"), world.forgetting, world.now, dry_run=True)
    assert [dict(one.items) for one in stores] == before
    assert would == await world.forget(VICTIM, THIEF)


async def test_the_machine_must_be_in_quarantine_and_the_quarantine_must_have_begun() -> None:
    world = await honest()
    with pytest.raises(NotYet, match=f"`vendctl machine quarantine {VICTIM}` comes first"):
        await world.forget(VICTIM, THIEF)
    await world.quarantine(VICTIM, THIEF)  # of the device alone: the machine itself goes on
    with pytest.raises(NotYet, match="comes first"):
        await world.forget(VICTIM, THIEF)
    await world.quarantine(VICTIM)
    world.number -= 5
    with pytest.raises(NotYet, match="begins at 2026-"):
        await world.forget(VICTIM, THIEF)


class Died(BaseException):
    """The command's process is gone."""


@pytest.mark.parametrize("write", range(12))
async def test_a_run_that_died_anywhere_is_finished_by_the_next(write: int) -> None:
    world, calm = await honest(), await honest()
    await world.arrive(*crimes(), publisher=THIEF)
    await world.roll_up()
    await world.quarantine(VICTIM)
    left = write

    def dies(operation: str, key: str) -> None:
        nonlocal left
        left -= operation in ("write", "delete")
        if left < 0 and operation in ("write", "delete"):
            raise Died

    stores = world.machines, world.conditions, world.catalog, world.fleet_days
    for one in stores:
        one.fault = dies
    try:
        await world.forget(VICTIM, THIEF)
    except Died:
        pass
    else:
        assert write > 8, "the run is shorter than it looks"
    for one in stores:
        one.fault = lambda operation, key: None
    await world.forget(VICTIM, THIEF)
    assert world.stock(VICTIM) | {"exclusions": 0} == calm.stock(VICTIM) | {"exclusions": 0}
    assert world.fleet() == calm.fleet()
    assert (await world.rebuilt()).named == []
    held = [dict(one.items) for one in (world.machines, world.conditions)]
    await world.forget(VICTIM, THIEF)  # and once more there is nothing to do
    assert [dict(one.items) for one in (world.machines, world.conditions)] == held
