"""What reads archive records and dead letters bears a message whose body is no data (P1, P4)."""

import io

import pytest
from pyarrow import parquet  # type: ignore[import-untyped]

from devstack.eventhubs.wire import encode as e
from tests.support.archive import FakeArchive
from tests.support.events import NOON, World, delivered, vend
from tests.unit.vendctl.amqp_bytes import message, value
from vendctl.deadletters import details
from vendctl.operations.account import AccountStores, account
from vendctl.partitions.handed_over import hub_event
from vendctl.partitions.message import Message
from vending.adapters.parquet import ParquetTable
from vending.archive.append import archive
from vending.archive.columns import COLUMNS, row
from vending.archive.columns import hub_event as from_row
from vending.errors import Rejected
from vending.events.hub_event import HubEvent
from vending.events.records import decode_lines, encode, record, restore
from vending.ingest.review_dead_letters import dead_letters, replay


def bad(number: int, text: str = "{}") -> HubEvent:
    return hub_event(Message.read(message(number, value(e.string(text)))), "1", "0")


def test_a_row_of_the_table_is_the_event_again() -> None:
    """Parquet holds it whole; ordinary rows have null there."""
    found = row(bad(3))
    assert (found["fault"], found["body"]) == ("amqp-body", b"")
    assert COLUMNS["amqp"] == "text"
    assert from_row(found) == bad(3)
    (ordinary,) = delivered([b"x"])
    assert "amqp" not in row(ordinary)
    assert from_row({name: row(ordinary).get(name) for name in COLUMNS}) == ordinary


async def test_the_account_tells_two_different_ones_apart_and_takes_copies_for_one() -> None:
    world, blobs = World(), FakeArchive()
    events = [bad(0, "a"), bad(1, "b")]
    await world.take(*events)
    await archive(events, blobs)
    found = await account(AccountStores(blobs, world.machines, world.conditions, world.deadletters))
    assert (found.archived, found.distinct, found.dead_lettered, found.lost) == (2, 2, 2, 0)


def test_large_ones_fill_a_row_group_as_large_bodies_do() -> None:
    """Compaction's memory is bounded by bytes, whoever sends what."""
    table = ParquetTable(group_rows=1_000, group_bytes=3_000)
    table.add([row(bad(number, "x" * 1_000)) for number in range(4)])
    file = parquet.ParquetFile(io.BytesIO(table.close()))
    assert file.metadata.num_row_groups == 2


def test_the_deepest_body_that_is_written_out_survives_the_record() -> None:
    deep = b"\x40"
    for _ in range(63):
        deep = e.fields(deep)
    event = hub_event(Message.read(message(1, value(deep))), "1", "0")
    assert event.amqp is not None
    assert "unread" not in event.amqp
    (fields,) = decode_lines(encode(record(event)))
    assert restore(fields) == event
    assert from_row(row(event)) == event


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
    assert details(letter)["amqp"]["body"] == {"string": "{}"}
    with pytest.raises(Rejected, match="amqp-body"):
        await replay(world.deadletters, sender, letter, NOON)
    await replay(world.deadletters, sender, letter, NOON, vend(1))
    assert sender.sent == [vend(1)]
