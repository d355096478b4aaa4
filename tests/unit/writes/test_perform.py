"""Each effect once: whoever repeats a request, at the same time or after a crash, whoever else writes."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.interleaved import Paced, Running
from tests.unit.writes.acts import LATER, NOW, World, asking
from vending.errors import Transient
from vending.writes.alert_acts import (
    Acknowledge,
    AddNote,
    AlertAct,
    Assign,
    Resolve,
    Unacknowledge,
)
from vending.writes.refusals import NoTarget, Refusal, ReusedKey, Stale, StillRunning, Unsuitable
from vending.writes.request import Answer, IfMatch

ADA, BEN = ("ada", "k1"), ("ben", "k1")


@pytest.fixture
async def world() -> World:
    return await World().opened()


@dataclass
class Client:
    """Somebody who asks until it is answered."""

    asked: tuple[str, str]
    act: AlertAct
    condition: IfMatch
    answers: list[Any] = field(default_factory=list)


@dataclass
class Schedule:
    """In which order the attempts go on, and after how many steps the process of each dies."""

    order: list[int]
    deaths: list[int]


def run(world: World, clients: list[Client], schedule: Schedule) -> None:
    """Two attempts of each client, interleaved; who has no answer then asks again."""
    stores = Paced(world.alerts), Paced(world.writes)
    attempts = [
        Running(asking(stores, client.asked, client.act, client.condition))
        for client in clients
        for _ in range(2)
    ]
    left = list(schedule.deaths)
    for number in [*schedule.order, *sorted([0, 1, 2, 3] * LONGER)]:
        if left[number] > 0:
            attempts[number].step()
            left[number] -= 1
        elif left[number] == 0:
            attempts[number].die()
    for number, client in enumerate(clients):
        client.answers = [attempt.outcome for attempt in attempts[2 * number : 2 * number + 2]]
        last = Running(asking(stores, client.asked, client.act, client.condition, NOW + LATER))
        client.answers.append(last.finish())


LONGER = 60
"""Steps than any request has."""
DEATH = st.integers(0, 14) | st.just(LONGER)
SCHEDULES = st.builds(
    Schedule, st.lists(st.integers(0, 3), max_size=60), st.lists(DEATH, min_size=4, max_size=4)
)


def start() -> World:
    """An open alert, without an event loop."""
    opening = Running(World().opened())
    found = opening.finish()
    assert found
    return found


@given(SCHEDULES)
def test_whatever_the_order_each_note_is_kept_once(schedule: Schedule) -> None:
    world = start()
    clients = [Client(ADA, AddNote("one"), IfMatch()), Client(BEN, AddNote("two"), IfMatch())]
    run(world, clients, schedule)
    assert sorted(act["text"] for act in world.alert()["history"]) == ["one", "two"]
    assert sorted(world.alert()["requests"]) == sorted(
        record["id"].partition("-")[2] for record in world.audited()
    )
    assert [record["outcome"] for record in world.audited()] == ["done", "done"]
    for client in clients:
        told = [answer for answer in client.answers if isinstance(answer, Answer)]
        assert told
        assert all(isinstance(x, Answer | StillRunning | None) for x in client.answers)


@given(SCHEDULES)
def test_of_two_who_change_the_same_version_one_does(schedule: Schedule) -> None:
    """And who did is told so, also where the answer was lost."""
    world = start()
    version = Running(world.version()).finish()
    assert version
    known = IfMatch(frozenset({version}))
    clients = [Client(ADA, Assign("ada"), known), Client(BEN, Assign("ben"), known)]
    run(world, clients, schedule)
    told = {client.asked[0]: client.answers[-1] for client in clients}
    [winner] = [name for name, answer in told.items() if isinstance(answer, Answer)]
    assert world.alert()["owner"] == winner
    assert [act["text"] for act in world.alert()["history"]] == [winner]
    [loser] = set(told) - {winner}
    assert isinstance(told[loser], Stale)
    assert {x["by"]: x["outcome"] for x in world.audited()}[winner] == "done"


async def test_a_redelivered_request_has_the_stored_answer(world: World) -> None:
    stores = world.alerts, world.writes
    first = await asking(stores, ADA, Acknowledge())
    requests = world.alerts.requests
    again = await asking(stores, ADA, Acknowledge(), now=NOW + LATER)
    assert isinstance(first, Answer)
    assert isinstance(again, Answer)
    assert (again.status, again.version) == (first.status, first.version)
    assert again.body["acknowledged"] == {"by": "ada", "at": "2026-03-01T12:00:00.000Z", "reason": None}
    assert world.alerts.requests == requests


async def test_a_key_is_for_one_request_of_one_caller(world: World) -> None:
    stores = world.alerts, world.writes
    await asking(stores, ADA, AddNote("one"))
    assert isinstance(await asking(stores, ADA, AddNote("two")), ReusedKey)
    assert isinstance(await asking(stores, BEN, AddNote("two")), Answer)


async def test_what_is_being_done_is_not_begun_again(world: World) -> None:
    first = Running(asking((Paced(world.alerts), Paced(world.writes)), ADA, AddNote("one")))
    for _ in range(3):
        first.step()
    assert isinstance(await asking((world.alerts, world.writes), ADA, AddNote("one")), StillRunning)
    assert isinstance(first.finish(), Answer)


async def test_an_effect_whose_answer_was_lost_is_not_done_again_after_others(world: World) -> None:
    """Ada acknowledges, her process dies before it answers, Ben takes that back: it stays taken back."""
    stores = Paced(world.alerts), Paced(world.writes)
    dying = Running(asking(stores, ADA, Acknowledge()))
    while "acknowledged" not in world.alert():
        dying.step()
    dying.die()
    await asking((world.alerts, world.writes), BEN, Unacknowledge())
    again = await asking((world.alerts, world.writes), ADA, Acknowledge(), now=NOW + LATER)
    assert isinstance(again, Answer)
    assert "acknowledged" not in world.alert()
    assert [record["outcome"] for record in world.audited()] == ["done", "done"]


async def test_a_resolution_is_not_repeated_on_the_next_episode(world: World) -> None:
    stores = Paced(world.alerts), Paced(world.writes)
    dying = Running(asking(stores, ADA, Resolve("filled")))
    while world.alert()["state"] == "open":
        dying.step()
    dying.die()
    await world.cleared(2)
    await world.opened(3)
    again = await asking((world.alerts, world.writes), ADA, Resolve("filled"), now=NOW + LATER)
    assert isinstance(again, Answer)
    assert (world.alert()["state"], world.alert()["episode"]) == ("open", 2)


async def test_what_is_refused_leaves_its_key_free(world: World) -> None:
    """If-Match is no part of what the key stands for: who read it again asks under the same one."""
    stores = world.alerts, world.writes
    assert isinstance(await asking(stores, ADA, AddNote("one"), IfMatch(frozenset({"0"}))), Stale)
    known = IfMatch(frozenset({await world.version()}))
    assert isinstance(await asking(stores, ADA, AddNote("one"), known), Answer)
    assert [record["outcome"] for record in world.audited()] == ["done"]


async def test_without_a_key_each_request_is_its_own(world: World) -> None:
    stores = world.alerts, world.writes
    for now in (NOW, NOW + LATER):
        assert isinstance(await asking(stores, ("ada", None), AddNote("hm"), now=now), Answer)
    assert len(world.audited()) == 2
    assert world.writes.bodies("request") == []


async def test_a_key_that_was_forgotten_stands_for_another_request(world: World) -> None:
    stores = world.alerts, world.writes
    await asking(stores, ADA, AddNote("one"))
    [expired] = [place for place, (_, body) in world.writes.items.items() if body["type"] == "request"]
    del world.writes.items[expired]
    await asking(stores, ADA, AddNote("one"), now=NOW + LATER)
    assert [act["text"] for act in world.alert()["history"]] == ["one", "one"]


async def test_who_changed_what_is_on_record(world: World) -> None:
    await asking((world.alerts, world.writes), ADA, Assign("ben"))
    [record] = world.audited()
    assert (record["scope"], record["by"], record["what"]) == ("2026-03-01", "ada", "alert Assign")
    assert record["target"] == "alerts/m1/sold-out/21"
    assert (record["before"]["owner"], record["after"]["owner"]) == (None, "ben")
    assert record["ttl"] > 365 * 24 * 3600


@pytest.mark.parametrize("lost", [False, True])
async def test_a_store_that_is_away_leaves_the_key_to_be_repeated(world: World, lost: bool) -> None:
    """Whether the write counted and its answer was lost, or it did not count."""
    down = [True]

    def away(operation: str, _: str) -> None:
        if operation == "write" and down:
            down.clear()
            raise Transient("away")

    if lost:
        world.alerts.after = away
    else:
        world.alerts.fault = away
    stores = world.alerts, world.writes
    assert isinstance(await asking(stores, ADA, AddNote("one")), Transient)
    assert world.audited()[0]["outcome"] == "begun"
    assert isinstance(await asking(stores, ADA, AddNote("one")), Answer)
    assert [act["text"] for act in world.alert()["history"]] == ["one"]
    assert [record["outcome"] for record in world.audited()] == ["done"]


async def test_what_changes_nothing_is_answered_and_not_recorded(world: World) -> None:
    stores = world.alerts, world.writes
    await asking(stores, ADA, Acknowledge())
    version = await world.version()
    assert isinstance(await asking(stores, BEN, Acknowledge()), Answer)
    assert (await world.version(), len(world.audited())) == (version, 1)


async def test_a_closed_alert_is_not_attended_to(world: World) -> None:
    await world.cleared(2)
    assert isinstance(await asking((world.alerts, world.writes), ADA, Acknowledge()), Unsuitable)


async def test_what_a_later_attempt_refuses_is_recorded_as_refused(world: World) -> None:
    """Somebody else resolves it between plan and write."""
    running = Running(asking((Paced(world.alerts), Paced(world.writes)), ADA, Acknowledge()))
    while not world.audited():
        running.step()
    await asking((world.alerts, world.writes), BEN, Resolve("filled"))
    assert isinstance(running.finish(), Unsuitable)
    assert {x["by"]: x["outcome"] for x in world.audited()} == {"ada": "refused", "ben": "done"}


async def test_there_is_nothing_to_do_to_what_never_was() -> None:
    world = World()
    found = await asking((world.alerts, world.writes), ADA, Acknowledge())
    assert isinstance(found, NoTarget)
    assert isinstance(found, Refusal)
