"""Orders, polls and results on a store: what is asked twice, who may wait, what closes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.events import NOON, body, hub_event
from tests.support.fakes import FakeBlobs, FakeDocuments
from tests.unit.commands.world import order
from vending.commands.actions import Lock, Reboot
from vending.commands.fetch_commands import CommandPolls, Places, fetch_commands
from vending.commands.send_command import (
    Cancelling,
    CommandAsked,
    NotQueued,
    Taken,
    cancel_command,
    find_command,
    send_command,
)
from vending.documents.commands import INBOX, Command, CommandInbox, EndedCommand
from vending.errors import Transient
from vending.events.publishers import Publisher
from vending.ingest.ingest import IngestStores, Outcome, ingest
from vending.time import millis

NOW = millis(NOON)
BOARD = Publisher("dev-1", "m1", 1)
LOCK = CommandAsked(Lock(["A1"]))


@pytest.fixture
def store() -> FakeDocuments:
    return FakeDocuments("machineId")


def polls(store: FakeDocuments, places: int = 1, slept: list[float] | None = None) -> CommandPolls:
    """Whoever sleeps moves the clock."""
    times = [] if slept is None else slept

    async def sleep(seconds: float) -> None:
        times.append(seconds)
        await asyncio.sleep(0)

    return CommandPolls(store, 300, Places(places), lambda: NOON + timedelta(seconds=sum(times)), sleep)


async def test_an_order_that_is_sent_again_is_the_same_one(store: FakeDocuments) -> None:
    first = await send_command(order(NOW), LOCK, store)
    assert await send_command(order(NOW + 5000), LOCK, store) == first
    assert len(store.bodies(CommandInbox.type)[0]["commands"]) == 1
    await cancel_command("m1", "c1", Cancelling("bob", NOW + 6000), store)
    assert (await send_command(order(NOW + 7000), LOCK, store)).state == "cancelled"
    for other in (CommandAsked(Reboot()), CommandAsked(Lock(["A1"]), expires_in_seconds=60)):
        with pytest.raises(Taken, match="c1 is another command already: lock"):
            await send_command(order(NOW), other, store)


async def test_an_order_that_expired_unseen_is_not_queued_again(store: FakeDocuments) -> None:
    await send_command(order(NOW), LOCK, store)
    again = await send_command(order(NOW + 86_400_000), LOCK, store)
    assert (again.state, again.ended_at) == ("expired", NOW + 86_400_000)
    assert store.bodies(CommandInbox.type)[0]["commands"] == []
    assert len(store.bodies(EndedCommand.type)) == 1


async def test_a_command_is_cancelled_until_a_device_has_it(store: FakeDocuments) -> None:
    await send_command(order(NOW), LOCK, store)
    await fetch_commands(BOARD, polls(store))
    with pytest.raises(NotQueued, match="c1 is delivered"):
        await cancel_command("m1", "c1", Cancelling("bob", NOW), store)
    await send_command(order(NOW, "c2"), LOCK, store)
    for _ in range(2):
        found = await cancel_command("m1", "c2", Cancelling("bob", NOW), store)
        assert found is not None
        assert (found.state, found.ended_by) == ("cancelled", "bob")
    assert await cancel_command("m1", "c3", Cancelling("bob", NOW), store) is None


async def test_what_somebody_saw_expired_stays_so(store: FakeDocuments) -> None:
    """Whatever another instance's clock says, and whatever comes late."""
    await send_command(order(NOW), LOCK, store)
    day = 86_400_000
    for now in (NOW + day, NOW):
        found = await find_command("m1", "c1", store, now)
        assert found is not None
        assert (found.state, found.ended_at) == ("expired", NOW + day)


async def test_a_poll_of_nothing_is_one_read_and_no_write(store: FakeDocuments) -> None:
    found = await fetch_commands(BOARD, polls(store))
    assert (found.commands, store.requests, dict(store.items)) == ([], 1, {})


async def test_who_waits_gets_a_command_as_soon_as_it_is_there(store: FakeDocuments) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            await send_command(order(NOW), LOCK, store)

    found = await fetch_commands(BOARD, replace(polls(store), sleep=sleep), 20)
    assert [one.command_id for one in found.commands] == ["c1"]
    assert slept == [2, 2, 2]


async def test_it_waits_no_longer_than_it_said(store: FakeDocuments) -> None:
    slept: list[float] = []
    assert (await fetch_commands(BOARD, polls(store, slept=slept), 5)).commands == []
    assert slept == [2, 2, 1]


async def test_only_so_many_wait_on_an_instance(store: FakeDocuments) -> None:
    slept: list[float] = []
    held = polls(store, 2, slept)
    await asyncio.gather(*(fetch_commands(BOARD, held, 4) for _ in range(5)))
    assert len(slept) == 2 * 2
    assert held.places.free == 2


async def test_a_place_is_free_again_after_a_failure(store: FakeDocuments) -> None:
    held = polls(store, 1)

    def away(*_: str) -> None:
        raise Transient("429")

    store.fault = away
    with pytest.raises(Transient):
        await fetch_commands(BOARD, held, 4)
    assert held.places.free == 1


def result(status: str = "succeeded", command: str = "c1", sequence: int = 1, **more: str) -> bytes:
    return body("command.result", {"commandId": command, "status": status, **more}, sequence)


async def take(store: FakeDocuments, *bodies: bytes) -> tuple[Outcome, IngestStores]:
    blobs = FakeBlobs()
    stores = IngestStores(FakeDocuments("machineId"), FakeDocuments("id"), blobs, commands=store)
    events = [hub_event(number, each) for number, each in enumerate(bodies, 1)]
    return await ingest(events, stores, "test"), stores


async def state(store: FakeDocuments, command: str = "c1") -> Command:
    found = await find_command("m1", command, store, NOW)
    assert found is not None
    return found


async def test_ingest_closes_what_results_tell_of(store: FakeDocuments) -> None:
    await send_command(order(NOW), LOCK, store)
    await send_command(order(NOW, "c2"), LOCK, store)
    await fetch_commands(BOARD, polls(store))
    told = [result("received"), result("failed", "c2", 2, error="no such selection"), result(sequence=3)]
    for _ in range(2):  # delivered, and again
        outcome, _ = await take(store, *told)
        assert len(outcome.refusals) == 0
    assert (await state(store)).state == "succeeded"
    failed = await state(store, "c2")
    assert (failed.state, failed.error) == ("failed", "no such selection")
    assert store.items["m1", INBOX][1]["commands"] == []


async def test_the_hub_s_clock_says_whether_a_result_came_in_time(store: FakeDocuments) -> None:
    """However long the batch waited: nobody had put the expiry on record."""
    await send_command(order(NOW), CommandAsked(Reboot(), expires_in_seconds=3600), store)
    await take(store, result())  # enqueued twenty minutes after it was asked
    assert (await state(store)).state == "succeeded"


async def test_a_late_result_is_noted_and_opens_nothing(store: FakeDocuments) -> None:
    await send_command(order(NOW), CommandAsked(Reboot(), expires_in_seconds=60), store)
    for _ in range(2):
        await take(store, result())
    found = await state(store)
    assert (found.state, found.late) == ("expired", "succeeded")


async def test_a_result_of_an_unknown_command_is_a_reading_as_any_other(store: FakeDocuments) -> None:
    outcome, stores = await take(store, result())
    assert (outcome.applied, len(outcome.refusals), dict(store.items)) == (1, 0, {})
    (conditions,) = stores.conditions.bodies("conditions")  # type: ignore[attr-defined]
    assert conditions["machines"]["m1"]["command"][3:] == ["c1", "succeeded"]


async def test_a_malformed_inbox_costs_its_own_result(store: FakeDocuments) -> None:
    await send_command(order(NOW), LOCK, store)
    store.damage("m1", INBOX, commands=17)
    boot = {"reason": "power", "firmware": "2.1.0", "lastSequence": 0}
    outcome, _ = await take(store, result(), body("device.boot", boot, 2))
    assert [(hub.sequence, fault.reason) for hub, fault in outcome.refusals] == [(1, "defect")]


async def test_a_store_that_is_away_makes_the_batch_wait(store: FakeDocuments) -> None:
    await send_command(order(NOW), LOCK, store)

    def away(*_: str) -> None:
        raise Transient("429")

    store.fault = away
    with pytest.raises(Transient):
        await take(store, result())


async def test_the_store_forgets_commands_after_a_season(store: FakeDocuments) -> None:
    await send_command(order(NOW), LOCK, store)
    await cancel_command("m1", "c1", Cancelling("bob", NOW), store)
    lives = {one["ttl"] for kind in (CommandInbox.type, EndedCommand.type) for one in store.bodies(kind)}
    assert lives == {90 * 86_400}
