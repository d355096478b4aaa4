"""What the use cases rely on in Documents and Feed: the fake and Cosmos DB do the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.cosmos import PartitionKey

from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.tests.cosmos.serving import Serving
from tests.support.fakes import FakeDocuments
from vending.adapters.clients import cosmos_client
from vending.adapters.cosmos import CosmosDocuments
from vending.errors import Conflict
from vending.ports import Filter, Put, Stored, beginning

Documents = FakeDocuments | CosmosDocuments


def doc(id: str, machine: str = "m1", **fields: Any) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "machineId": machine, "type": "page"} | fields


async def held(documents: Documents, machine: str, id: str) -> Stored:  # noqa: A002
    found = await documents.read(machine, id)
    assert found is not None
    return found


async def test_what_was_written_is_read_as_it_was(documents: Documents) -> None:
    body = doc("a", text="Ünïcødé ☕", big=2**53, nothing=None, deep={"x": [1, [2.5, True]]})
    assert await documents.read("m1", "a") is None
    await documents.write("m1", [Put(body)])
    assert (await held(documents, "m1", "a")).body == body
    assert await documents.read("m2", "a") is None


@pytest.mark.parametrize("value", [datetime(2026, 11, 27, tzinfo=UTC), b"bytes", {1}, timedelta(1)])
async def test_what_is_no_json_is_refused_and_not_made_into_some(documents: Documents, value: Any) -> None:
    with pytest.raises(TypeError):
        await documents.write("m1", [Put(doc("a", at=value))])
    assert await documents.read("m1", "a") is None


async def test_an_id_is_taken_once(documents: Documents) -> None:
    await documents.write("m1", [Put(doc("a", n=1))])
    with pytest.raises(Conflict):
        await documents.write("m1", [Put(doc("a", n=2))])
    await documents.write("m2", [Put(doc("a", "m2", n=3))])
    assert (await held(documents, "m1", "a")).body["n"] == 1


async def test_only_the_version_that_was_read_is_replaced(documents: Documents) -> None:
    await documents.write("m1", [Put(doc("a", n=1))])
    first = await held(documents, "m1", "a")
    await documents.write("m1", [Put(first.body | {"n": 2}, first.etag)])
    second = await held(documents, "m1", "a")
    assert second.etag != first.etag
    with pytest.raises(Conflict):
        await documents.write("m1", [Put(first.body | {"n": 3}, first.etag)])
    assert (await held(documents, "m1", "a")).body["n"] == 2


async def test_a_write_tells_the_versions_that_a_read_would(documents: Documents) -> None:
    (first,) = await documents.write("m1", [Put(doc("a", n=1))])
    assert first == (await held(documents, "m1", "a")).etag
    both = await documents.write("m1", [Put(doc("a", n=2), first), Put(doc("b"))])
    assert both == [(await held(documents, "m1", name)).etag for name in ("a", "b")]
    (third,) = await documents.write("m1", [Put(doc("a", n=3), both[0])])
    assert third == (await held(documents, "m1", "a")).etag
    assert await documents.write("m1", []) == []


async def test_what_is_gone_cannot_be_replaced(documents: Documents) -> None:
    await documents.write("m1", [Put(doc("a"))])
    etag = (await held(documents, "m1", "a")).etag
    with pytest.raises(Conflict):
        await documents.write("m1", [Put(doc("never"), etag)])
    with pytest.raises(Conflict):
        await documents.write("m1", [Put(doc("never"), etag), Put(doc("b"))])
    assert await documents.read("m1", "b") is None


async def test_a_batch_is_written_whole_or_not_at_all(documents: Documents) -> None:
    await documents.write("m1", [Put(doc("state", rev=0)), Put(doc("page:1"))])
    stale = await held(documents, "m1", "state")
    await documents.write("m1", [Put(doc("state", rev=1), stale.etag), Put(doc("page:2"))])
    lost = [Put(doc("state", rev=9), stale.etag), Put(doc("page:3"))]
    taken = [Put(doc("state", rev=9), (await held(documents, "m1", "state")).etag), Put(doc("page:2"))]
    for puts in (lost, lost, taken):  # the same puts twice: a condition must not wear off
        with pytest.raises(Conflict):
            await documents.write("m1", puts)
    assert (await held(documents, "m1", "state")).body["rev"] == 1
    assert await documents.read("m1", "page:3") is None


async def test_a_batch_has_one_key_and_at_most_a_hundred_operations(documents: Documents) -> None:
    with pytest.raises(ValueError, match="partition key"):
        await documents.write("m1", [Put(doc("a")), Put(doc("b", "m2"))])
    with pytest.raises(ValueError, match="101 operations"):
        await documents.write("m1", [Put(doc(f"p{n}")) for n in range(101)])
    await documents.write("m1", [Put(doc(f"p{n}")) for n in range(100)])
    assert len([x async for x in documents.select("m1")]) == 100


@pytest.mark.parametrize(
    ("key", "where", "expected"),
    [
        (None, [], {"a", "b", "c", "d"}),
        ("m1", [], {"a", "b", "c"}),
        ("m3", [], set()),
        ("m1", [("from", "<=", 20)], {"a", "b"}),
        (None, [("from", ">", 10), ("from", "<", 40)], {"b", "c"}),
        (None, [("from", ">=", 10), ("order", "=", "x")], {"a", "d"}),
        ("m1", [("open", "=", True)], {"b"}),
        ("m1", [("open", "=", False)], {"a"}),
        (None, [("id", "<", "c"), ("type", "=", "page")], {"a", "b"}),
        (None, [("absent", "=", 1)], set()),
        (None, beginning("b"), {"b"}),
        (None, [("order", "in", ["x", "z"])], {"a", "d"}),
        (None, [("from", ">", 10), ("id", "in", ["a", "b", "c"]), ("order", "=", "y")], {"b", "c"}),
    ],
)
async def test_filters_are_joined_by_and(
    documents: Documents, key: str | None, where: list[Filter], expected: set[str]
) -> None:
    rows = [
        doc("a") | {"from": 10, "order": "x", "open": False},
        doc("b") | {"from": 20, "order": "y", "open": True},
        doc("c") | {"from": 30, "order": "y"},
        doc("d", "m2") | {"from": 40, "order": "x"},
    ]
    for row in rows:
        await documents.write(row["machineId"], [Put(row)])
    found = [stored async for stored in documents.select(key, *where)]
    assert {stored.body["id"] for stored in found} == expected
    assert [stored.body for stored in found if stored.body not in rows] == []
    for stored in found[:1]:  # a version that a query gave is as good as one that a read gave
        await documents.write(stored.body["machineId"], [Put(stored.body | {"from": 0}, stored.etag)])


class Reader:
    """Follows all ranges of a feed, as a timer does: position by position."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.positions: dict[str, str | None] = {}

    async def news(self, limit: int = 100) -> list[dict[str, Any]]:
        """Everything new, page by page, until all ranges are quiet."""
        for feed_range in await self.documents.ranges():
            self.positions.setdefault(feed_range, None)
        found: list[dict[str, Any]] = []
        for feed_range, position in self.positions.items():
            page, position = await self.documents.changes(feed_range, position, limit)
            while page:
                found += page
                page, position = await self.documents.changes(feed_range, position, limit)
            self.positions[feed_range] = position
        return found


async def test_the_version_that_was_read_is_deleted_and_no_other(documents: Documents) -> None:
    await documents.write("m1", [Put(doc("a", n=1)), Put(doc("b"))])
    first = await held(documents, "m1", "a")
    await documents.write("m1", [Put(first.body | {"n": 2}, first.etag)])
    with pytest.raises(Conflict):
        await documents.delete("m1", "a", first.etag)
    await documents.delete("m1", "a", (await held(documents, "m1", "a")).etag)
    assert await documents.read("m1", "a") is None
    assert [x.body["id"] async for x in documents.select("m1", ("type", "=", "page"))] == ["b"]
    await documents.delete("m1", "a", first.etag)  # nothing happens
    await documents.write("m1", [Put(doc("a", n=3))])  # its id is free again
    assert (await held(documents, "m1", "a")).body["n"] == 3


async def test_the_feed_tells_each_change_once(documents: Documents) -> None:
    reader = Reader(documents)
    assert await reader.news() == []
    machines = [f"m{number}" for number in range(6)]
    for machine in machines:
        await documents.write(machine, [Put(doc("a", machine, n=0)), Put(doc("b", machine, n=0))])
    assert sorted((x["machineId"], x["id"]) for x in await reader.news()) == [
        (machine, name) for machine in machines for name in "ab"
    ]
    assert await reader.news() == []
    for machine in machines[:3]:
        stored = await held(documents, machine, "a")
        await documents.write(machine, [Put(stored.body | {"n": 1}, stored.etag)])
    assert sorted((x["machineId"], x["n"]) for x in await reader.news()) == [(m, 1) for m in machines[:3]]
    assert await reader.news() == []


async def test_the_feed_is_in_order_per_key_and_gives_the_latest_version(documents: Documents) -> None:
    for number in range(5):
        await documents.write("m1", [Put(doc(f"p{number}", n=number))])
    first = await held(documents, "m1", "p0")
    await documents.write("m1", [Put(first.body | {"n": 10}, first.etag)])
    assert [x["n"] for x in await Reader(documents).news(limit=2)] == [1, 2, 3, 4, 10]


async def test_a_page_holds_about_as_many_as_asked_and_whole_batches(documents: Documents) -> None:
    for number in range(4):
        await documents.write("m1", [Put(doc(f"a{number}")), Put(doc(f"b{number}"))])
    for feed_range in await documents.ranges():
        page, position = await documents.changes(feed_range, None, 3)
        if page:
            assert [x["id"] for x in page] == ["a0", "b0", "a1", "b1"][: len(page)]
            assert len(page) in (2, 4)
            rest, _ = await documents.changes(feed_range, position, 100)
            assert len(page) + len(rest) == 8


async def test_a_position_is_kept_while_nothing_happens(documents: Documents) -> None:
    await documents.write("m1", [Put(doc("a"))])
    for feed_range in await documents.ranges():
        page, position = await documents.changes(feed_range, None, 100)
        again, later = await documents.changes(feed_range, position, 100)
        assert again == []
        assert later is not None or not page
        assert (await documents.changes(feed_range, later, 100))[0] == []


async def test_the_age_of_what_waits_is_that_of_its_first_change(
    documents: Documents,
) -> None:
    """By the store's own clock, in whole seconds (``_ts``); whoever asks moves nothing."""
    for feed_range in await documents.ranges():
        assert await documents.waiting_since(feed_range, None) is None
    before = datetime.now(UTC)
    await documents.write("m1", [Put(doc("a"))])
    (feed_range,) = [one for one in await documents.ranges() if await documents.waiting_since(one, None)]
    since = await documents.waiting_since(feed_range, None)
    assert since is not None
    assert abs(since - before) < timedelta(minutes=2)
    page, position = await documents.changes(feed_range, None, 100)
    assert len(page) == 1
    assert await documents.waiting_since(feed_range, position) is None
    await documents.write("m1", [Put(doc("b"))])
    later = await documents.waiting_since(feed_range, position)
    assert later is not None
    assert later >= since
    assert await documents.waiting_since(feed_range, None) == since
    assert [x["id"] for x in (await documents.changes(feed_range, position, 100))[0]] == ["b"]


async def test_containers_that_are_written_first_keep_their_sessions_apart(account: Serving) -> None:
    """A container with many writes does not make another one's reads wait for versions of its own."""
    environment = {"COSMOS": f"AccountEndpoint={account.url};AccountKey={WELL_KNOWN_KEY}"}
    async with cosmos_client(environment, "COSMOS") as client:  # entered: with session tokens
        database = await client.create_database("sessions")
        busy, idle = [
            CosmosDocuments(await database.create_container(name, PartitionKey("/machineId")), "machineId")
            for name in ("busy", "idle")
        ]
        for number in range(20):
            await busy.write("m1", [Put(doc(f"d{number}"))])
        await idle.write("m1", [Put(doc("a"))])
        assert await idle.read("m1", "a") is not None
        assert await idle.read("m1", "b") is None
