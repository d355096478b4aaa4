"""People attend to alerts while evaluations, the sweep and the notifier work on them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.alerts.test_alert_lifecycle import World
from vending.alerts.attend import AlertName, Attendant, UnknownAlert
from vending.alerts.escalate import escalate
from vending.alerts.lifecycle import NotOpen
from vending.alerts.watch_machines import watch_machines
from vending.documents.alerts import Alert
from vending.errors import Conflict
from vending.notifications.resend import resend

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAME = AlertName("m1", "sold-out", "21")


@pytest.fixture
async def world() -> World:
    """A selection is sold out, and people know."""
    world = World()
    await watch_machines([await world.stock(s21=0)], world.stores, NOW)
    await world.deliver()
    world.webhook.posted.clear()
    return world


def ada(world: World, now: datetime = NOW) -> Attendant:
    return Attendant(world.alerts, "ada", now)


def told(world: World) -> list[str]:
    return [key.removeprefix("m1/sold-out/21/") for key, _ in world.webhook.posted]


async def swept(world: World, now: datetime) -> None:
    await escalate(world.stores, now)
    await resend(world.stores, now)
    await world.deliver(now)


async def test_what_is_resolved_by_hand_is_told_by_the_next_sweep_and_stays_closed(world: World) -> None:
    await ada(world).resolve(NAME, "switched off")
    assert await watch_machines([await world.stock(s21=0)], world.stores, NOW) == 0
    await swept(world, NOW + MINUTE)
    [(_, message)] = world.webhook.posted
    assert message["text"] == "m1: resolved by ada: Selection 21 is sold out (switched off)"
    assert (message["change"], message["by"], message["reason"]) == ("closed", "ada", "switched off")
    assert world.states() == {"21": "closed"}
    assert await watch_machines([await world.stock(s21=4)], world.stores, NOW) == 1
    assert await watch_machines([await world.stock(s21=0)], world.stores, NOW) == 1
    await world.deliver()
    assert told(world) == ["1/closed", "2/opened"]


async def test_a_snoozed_alert_is_silent_and_then_tells_once_that_it_is_still_open(world: World) -> None:
    await ada(world).snooze(NAME, NOW + 10 * MINUTE)
    for units in (4, 0, 4, 0):
        await watch_machines([await world.stock(s21=units)], world.stores, NOW)
    await swept(world, NOW + 9 * MINUTE)
    assert (told(world), world.queue.messages) == ([], [])
    await swept(world, NOW + 10 * MINUTE)
    await swept(world, NOW + 60 * MINUTE)
    assert told(world) == ["3/reminded-1772367000000"]
    assert world.webhook.posted[0][1]["text"] == (
        "m1: selection 21 is sold out - it is still open, and its snooze is over"
    )


async def test_a_message_that_waits_in_the_queue_says_nothing_once_it_is_snoozed(world: World) -> None:
    await watch_machines([await world.stock(s21=0, s22=0)], world.stores, NOW)
    await ada(world).snooze(AlertName("m1", "sold-out", "22"), NOW + MINUTE)
    await world.deliver()
    assert told(world) == []


ACTS: dict[str, Callable[[Attendant], Awaitable[Alert]]] = {
    "acknowledged": lambda one: one.acknowledge(NAME),
    "snoozed": lambda one: one.snooze(NAME, NOW + MINUTE),
    "assigned": lambda one: one.assign(NAME, "ben"),
    "noted": lambda one: one.note(NAME, "called"),
}


@pytest.mark.parametrize("act", ACTS)
async def test_an_act_counts_once_whoever_else_writes_and_whatever_answer_is_lost(
    world: World, act: str
) -> None:
    lost = [Conflict("a retry of the SDK met our own write")]

    def after(operation: str, key: str) -> None:
        if lost:
            raise lost.pop()

    world.alerts.after = after
    found = await ACTS[act](ada(world))
    [stored] = world.alerts.bodies("alert")
    assert stored == found.dump()
    assert [(x["what"], x["by"], x["at"]) for x in stored["history"]] == [(act, "ada", 1772366400000)]


async def test_an_evaluation_that_was_first_ends_what_somebody_wanted_to_attend_to(world: World) -> None:
    await watch_machines([await world.stock(s21=4)], world.stores, NOW)
    for act in ACTS.values():
        with pytest.raises(NotOpen):
            await act(ada(world))
    with pytest.raises(NotOpen):
        await ada(world).resolve(NAME, "filled")


async def test_an_alert_that_never_was_is_unknown(world: World) -> None:
    with pytest.raises(UnknownAlert, match="there is no alert m1/sold-out/99"):
        await ada(world).acknowledge(AlertName("m1", "sold-out", "99"))
