"""Devices at the API: own machine, what the catalog says of the credential, how often, and what it costs."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.device_tokens import door, token
from tests.support.fakes import FakeDocuments
from vendctl.issuing import DeviceStores, issue, renew, revoke
from vending.access.device_door import KEPT_FOR, DeviceDoor, Refusal
from vending.access.request_rate import AT_ONCE
from vending.errors import Transient
from vending.events.publishers import Publisher

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)


class World:
    """A door, the catalog behind it, and a clock that the test moves."""

    def __init__(self) -> None:
        self.catalog = FakeDocuments("kind")
        self.stores = DeviceStores(self.catalog, FakeDocuments("machineId"), FakeDocuments("id"))
        self.at = 0.0
        self.door = door(self.catalog, lambda: self.at)

    async def add(self, publisher: str) -> None:
        """The hub's list of revoked publishers, which is not asked here."""

    async def issued(self, device: str, machine: str) -> str:
        """A token as ``vendctl device`` issues it."""
        return token(await issue(self.stores, device, machine, NOW, LATER))

    async def ask(self, token: str, machine: str) -> int:
        """The status that the door answers, 200 for a way in."""
        found = await self.door.admit(token, machine)
        return found.status if isinstance(found, Refusal) else 200


async def test_a_token_opens_its_own_machine_and_no_other() -> None:
    world = World()
    own = await world.issued("dev-17", "vm-17")
    assert await world.door.admit(own, "vm-17") == Publisher("dev-17", "vm-17", 1)
    for other in ("vm-18", "VM-17", "vm-17/", "", None):
        found = await world.door.admit(own, other)
        assert isinstance(found, Refusal)
        assert found.status == 403
    assert await world.ask(own[:-1], "vm-17") == 401
    assert await world.ask("", "vm-17") == 401


async def test_a_revoked_token_is_shut_out_within_minutes_and_the_next_one_is_not() -> None:
    world = World()
    own = await world.issued("dev-17", "vm-17")
    assert await world.ask(own, "vm-17") == 200
    await revoke(world.stores, world, "dev-17", "vm-17", NOW)
    world.at = KEPT_FOR
    assert await world.ask(own, "vm-17") == 403
    anew = await world.issued("dev-17", "vm-17")
    assert await world.ask(anew, "vm-17") == 200


async def test_a_board_that_was_replaced_gets_nothing_of_the_next_one() -> None:
    world = World()
    old, new = await world.issued("old", "vm-17"), await world.issued("new", "vm-17")
    assert await world.ask(old, "vm-17") == 403
    assert await world.ask(new, "vm-17") == 200


async def test_a_renewed_token_and_one_without_a_record_count() -> None:
    """Whoever has the key can sign for names on record too: asking for a record would keep out nobody."""
    world = World()
    await world.issued("dev-17", "vm-17")
    renewed = token(await renew(world.stores, "dev-17", "vm-17", LATER + timedelta(days=30)))
    assert await world.ask(renewed, "vm-17") == 200
    assert await world.ask(token(Publisher("sim-1", "vm-sim", 1)), "vm-sim") == 200


async def test_a_credential_that_the_entry_has_no_more_place_for_is_shut_out() -> None:
    world = World()
    moved = await world.issued("dev-17", "vm-17")
    for number in range(50):
        await world.issued("dev-17", f"vm-{number:03d}")
    assert await world.ask(moved, "vm-17") == 403


async def test_who_asks_too_often_waits_and_costs_no_read() -> None:
    world = World()
    own = await world.issued("dev-17", "vm-17")
    before = world.catalog.requests
    assert {await world.ask(own, "vm-17") for _ in range(AT_ONCE)} == {200}
    found = await world.door.admit(own, "vm-17")
    assert isinstance(found, Refusal)
    assert (found.status, found.retry_after) == (429, 1)
    assert world.catalog.requests == before + 2, "two point reads, then it is remembered"
    world.at = 1.0
    assert await world.ask(own, "vm-17") == 200
    other = await world.issued("dev-18", "vm-18")
    assert await world.ask(other, "vm-18") == 200


async def test_without_a_key_nobody_can_be_judged_and_without_a_store_nobody_is_let_in() -> None:
    world = World()
    own = await world.issued("dev-17", "vm-17")
    shut = DeviceDoor((), world.catalog, NOW.timestamp, lambda: 0.0)
    found = await shut.admit(own, "vm-17")
    assert isinstance(found, Refusal)
    assert (found.status, found.retry_after) == (503, 600)

    def away(operation: str, key: str) -> None:
        raise Transient("429", retry_after=3)

    world.catalog.fault = away
    with pytest.raises(Transient):
        await world.door.admit(own, "vm-17")
