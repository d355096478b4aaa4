"""A policy lets an alert order a lock: each episode once, off unless somebody says so."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.fakes import FakeDocuments, FakeQueue
from vending.alerts.order_locks import command_id, order_locks
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.transitions import Finding
from vending.catalog.cataloged import Cataloged
from vending.catalog.policies import Terms, Window
from vending.commands.actions import Reboot
from vending.commands.fetch_commands import CommandPolls, Places, fetch_commands
from vending.commands.inbox import MOST_OPEN
from vending.commands.send_command import CommandAsked, Order, send_command
from vending.documents.alerts import Alert
from vending.documents.base import load
from vending.documents.commands import CommandInbox
from vending.errors import Transient
from vending.events.publishers import Publisher
from vending.time import millis

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ON = Terms({"cold-chain": {"lockSelections": "on"}})


class Named:
    """A catalog with these policies."""

    def __init__(self, policies: Mapping[str, Terms]) -> None:
        self.held = Cataloged(1, frozenset(), policies=policies)

    async def named(self) -> Cataloged:
        return self.held


class World:
    def __init__(self, **policies: Terms) -> None:
        self.alerts, self.commands = FakeDocuments("machineId"), FakeDocuments("machineId")
        nothing, named = FakeDocuments("id"), {name.replace("_", ":"): one for name, one in policies.items()}
        self.stores = AlertStores(nothing, nothing, self.alerts, FakeQueue(), catalog=Named(named))

    async def finds(
        self, order: int, firing: bool, machine: str = "m1", rule: str = "cold-chain", zone: str = "main"
    ) -> None:
        finding = Finding(machine, rule, zone, (order,), firing, millis(NOON), {"celsius": 9.0})
        await raise_as_found(machine, [finding], self.stores, NOON)

    async def sweep(self, now: datetime = NOON) -> int:
        return await order_locks(self.stores, self.commands, now)

    def ordered(self) -> list[tuple[str, str, dict[str, Any], str]]:
        return [
            (inbox["machineId"], one["commandId"], one["action"], one["askedBy"])
            for inbox in self.commands.bodies(CommandInbox.type)
            for one in inbox["commands"]
        ]


async def test_nothing_is_ordered_unless_somebody_says_so() -> None:
    for world in (World(), World(fleet=Terms({"cold-chain": {"warmMinutes": 5}}))):
        await world.finds(1, firing=True)
        before = world.alerts.requests
        assert await world.sweep() == 0
        assert (world.alerts.requests, world.commands.requests) == (before, 0)


async def test_an_episode_orders_one_lock_of_the_whole_machine() -> None:
    world = World(fleet=ON)
    await world.finds(1, firing=True)
    await world.finds(1, firing=True, rule="sold-out")
    assert [await world.sweep(NOON + number * MINUTE) for number in range(3)] == [1, 0, 0]
    ((machine, name, action, by),) = world.ordered()
    assert (machine, action, by) == ("m1", {"kind": "lock"}, "alert cold-chain main")
    (alert,) = [x for x in world.alerts.bodies(Alert.type) if x["rule"] == "cold-chain"]
    assert name == command_id(load(alert, Alert))


async def test_a_lock_that_was_fetched_is_not_ordered_again_and_the_next_episode_is_another() -> None:
    world = World(fleet=ON)
    await world.finds(1, firing=True)
    await world.sweep()
    polls = CommandPolls(world.commands, 300, Places(0), lambda: NOON)
    await fetch_commands(Publisher("dev-1", "m1", 1), polls)
    later = NOON + timedelta(days=2)  # it has expired by then
    assert await world.sweep(later) == 0
    await world.finds(2, firing=False)
    assert await world.sweep(later) == 0
    await world.finds(3, firing=True)
    assert await world.sweep(later) == 1
    assert [name.rpartition(":")[2] for _, name, _, _ in world.ordered()] == ["2"]


async def test_zones_and_machines_order_for_themselves() -> None:
    world = World(machine_m1=ON, machine_m2=Terms({"cold-chain": {"lockSelections": "off"}}))
    await world.finds(1, firing=True)
    await world.finds(1, firing=True, zone="z" * 64)
    await world.finds(1, firing=True, machine="m2")
    assert await world.sweep() == 2
    assert {machine for machine, *_ in world.ordered()} == {"m1"}
    assert all(len(name) <= 64 for _, name, _, _ in world.ordered())


async def test_in_maintenance_nothing_is_locked() -> None:
    window = Window(millis(NOON - MINUTE), millis(NOON + MINUTE))
    world = World(fleet=ON)
    await world.finds(1, firing=True)
    world.stores.catalog.held = replace(  # type: ignore[attr-defined]
        world.stores.catalog.held,  # type: ignore[attr-defined]
        policies={"fleet": replace(ON, windows=(window,))},
    )
    assert [await world.sweep(at) for at in (NOON, NOON + MINUTE)] == [0, 1]


async def test_a_machine_with_too_many_commands_is_locked_later(caplog: pytest.LogCaptureFixture) -> None:
    world = World(fleet=ON)
    await world.finds(1, firing=True)
    for number in range(MOST_OPEN):
        order = Order("m1", f"c{number}", "ada", millis(NOON))
        await send_command(order, CommandAsked(Reboot(), expires_in_seconds=60), world.commands)
    assert await world.sweep() == 0
    assert "no lock for current:cold-chain:main" in caplog.text
    assert await world.sweep(NOON + MINUTE) == 1


async def test_a_store_that_is_away_is_tried_by_the_next_sweep() -> None:
    world = World(fleet=ON)
    await world.finds(1, firing=True)

    def away(*_: str) -> None:
        raise Transient("429")

    world.commands.fault = away
    with pytest.raises(Transient):
        await world.sweep()
