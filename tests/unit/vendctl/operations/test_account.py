"""The account, from what is stored: it must find every kind of loss, and only that (P1, P2)."""

import pytest

from tests.support import events
from tests.support.events import hub_event
from tests.support.fakes import FakeBlobs, FakeDocuments
from vendctl.operations.account import Account, AccountStores, account
from vending.archive.append import archive
from vending.events.hub_event import HubEvent
from vending.ingest.ingest import IngestStores, ingest


class World:
    """Stores, and a batch through both functions."""

    def __init__(self) -> None:
        self.archive = FakeBlobs()
        self.stores = IngestStores(FakeDocuments("machineId"), FakeDocuments("id"), FakeBlobs())

    async def take(self, *batch: HubEvent) -> None:
        await archive(batch, self.archive)
        await ingest(batch, self.stores, "test")

    async def account(self, **last: int) -> Account:
        hub = {("1", partition.removeprefix("p")): number for partition, number in last.items()}
        stores = self.stores
        return await account(
            AccountStores(self.archive, stores.machines, stores.conditions, stores.deadletters), hub
        )


@pytest.fixture
def world() -> World:
    return World()


def vend(sequence: int, number: int, *, ledger: int | None = None, price: int = 150) -> HubEvent:
    """A vend of machine m1, the device's event ``number``."""
    return hub_event(sequence, events.vend(number, ledger=ledger, price=price))


def level(sequence: int, number: int, units: int) -> HubEvent:
    """A counted level of machine m1."""
    return hub_event(sequence, events.level(number, units))


def reading(sequence: int, machine: str, number: int) -> HubEvent:
    return hub_event(sequence, events.temperature(number, machine=machine, device=f"dev-{machine}"))


async def test_everything_has_a_place(world: World) -> None:
    batch = [vend(0, 1), level(1, 2, 5), vend(2, 3, ledger=2), reading(3, "m2", 1), hub_event(4, b"poison")]
    await world.take(*batch)
    await world.take(*batch, hub_event(5, batch[0].body))  # redelivered, and resent by the device
    found = await world.account(p0=5)
    assert found.figures() == {
        "distinct": 5, "applied": 4, "deadLettered": 1, "forgotten": 0, "archived": 6, "lost": 0,
        "doubled": 0, "machines": 2,
    }  # fmt: skip


async def test_an_event_that_was_only_archived_is_lost(world: World) -> None:
    await world.take(vend(0, 1), reading(1, "m2", 1))
    for lost in (vend(2, 2), level(3, 3, 5), reading(4, "m2", 9), hub_event(5, b"poison")):
        before = await world.account()
        await archive([lost], world.archive)
        after = await world.account()
        assert after.lost == before.lost + 1
        assert lost.position in after.lost_events


async def test_another_amount_under_the_same_number_is_lost_unless_refused(world: World) -> None:
    await world.take(vend(0, 1))
    await archive([vend(1, 1, price=999)], world.archive)
    assert (await world.account()).lost == 1
    await world.take(vend(1, 1, price=999))
    found = await world.account()
    assert (found.lost, found.dead_lettered) == (0, 1)


async def test_each_copy_of_a_poison_event_needs_its_dead_letter(world: World) -> None:
    await world.take(hub_event(0, b"poison"))
    await archive([hub_event(1, b"poison")], world.archive)
    found = await world.account()
    assert (found.distinct, found.lost) == (1, 1)


async def test_a_number_in_two_lines_is_doubled(world: World) -> None:
    await world.take(vend(0, 1), vend(1, 2))
    machines = world.stores.machines
    assert isinstance(machines, FakeDocuments)
    [page] = machines.bodies("page")
    machines.items["m1", "page:copy"] = (99, page | {"id": "page:copy"})
    assert (await world.account()).doubled == 2


async def test_what_the_hub_gave_out_and_the_archive_misses_is_lost(world: World) -> None:
    await world.take(vend(0, 1), vend(2, 2))
    found = await world.account(p0=4, p1=-1)
    assert found.lost == 3
    assert found.lost_events == ["1/0: 3 of 5 are not archived"]
