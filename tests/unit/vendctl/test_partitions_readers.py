"""What reads archive records and dead letters bears a message whose body is no data (P1, P4)."""

import pytest

from devstack.eventhubs.wire import encode as e
from tests.archived import FakeArchive
from tests.core import NOON, World, vend
from tests.unit.vendctl.amqp_bytes import message, value
from vendctl.deadletters import details
from vendctl.partitions.handed_over import hub_event
from vendctl.partitions.message import Message
from vending.domain.columns import COLUMNS, row
from vending.domain.columns import hub_event as from_row
from vending.domain.events import HubEvent
from vending.errors import Rejected
from vending.usecases.account import account
from vending.usecases.archive import archive
from vending.usecases.review_dead_letters import dead_letters, replay


def bad(number: int, text: str = "{}") -> HubEvent:
    return hub_event(Message.read(message(number, value(e.string(text)))), "1", "0")


def test_a_row_of_the_table_is_the_event_again() -> None:
    """Parquet holds it whole; ordinary rows have null there."""
    found = row(bad(3))
    assert (found["fault"], found["body"]) == ("amqp-body", b"")
    assert COLUMNS["amqp"] == "text"
    assert from_row(found) == bad(3)
    ordinary = HubEvent("1", "0", 1, "1", NOON, None, {}, {}, b"x")
    assert "amqp" not in row(ordinary)
    assert from_row({name: row(ordinary).get(name) for name in COLUMNS}) == ordinary


async def test_the_account_tells_two_different_ones_apart_and_takes_copies_for_one() -> None:
    world, blobs = World(), FakeArchive()
    events = [bad(0, "a"), bad(1, "b")]
    await world.take(*events)
    await archive(events, blobs)
    found = await account(blobs, world.machines, world.conditions, world.deadletters)
    assert (found.archived, found.distinct, found.dead_lettered, found.lost) == (2, 2, 2, 0)


class Sender:
    """The hub, as far as a replay needs it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def send(self, body: bytes, key: str, properties: object) -> None:
        self.sent.append(body)


async def test_a_replay_needs_a_corrected_body() -> None:
    world, sender = World(), Sender()
    await world.take(bad(0))
    (letter,) = [letter async for letter in dead_letters(world.deadletters)]
    assert details(letter, None)["amqp"]["body"] == {"string": "{}"}
    with pytest.raises(Rejected, match="amqp-body"):
        await replay(world.deadletters, sender, letter, NOON)
    await replay(world.deadletters, sender, letter, NOON, vend(1))
    assert sender.sent == [vend(1)]
