"""Every shape of query gives one answer on one, two and four ranges, after a split, and from both SDKs."""

from collections.abc import Iterator
from typing import Any

import pytest
from azure.cosmos import ContainerProxy, PartitionKey, exceptions
from azure.cosmos.aio import CosmosClient

from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.tests.cosmos.serving import Serving, start

POLICY = {
    "includedPaths": [{"path": "/*"}],
    "excludedPaths": [{"path": "/raw/*"}],
    "compositeIndexes": [[{"path": "/n"}, {"path": "/s", "order": "descending"}]],
}
ITEMS = [
    {
        "id": f"i{n:03}", "pk": f"p{n % 13}", "n": n % 7, "s": f"s{n % 5}", "x": n * 1.5, "one": "one",
        "tags": ["a", "b", "c"][: n % 4], "flag": n % 2 == 0, "raw": n,
    }
    for n in range(120)
]  # fmt: skip

# (query, whether the order of the rows is part of the answer)
SHAPES = [
    ("SELECT * FROM c", False),
    ("SELECT * FROM c WHERE c.n = 3 AND c.s != 's1'", False),
    ("SELECT c.id, c.n FROM c WHERE c.x BETWEEN 20 AND 80", False),
    ("SELECT VALUE c.x FROM c WHERE IS_DEFINED(c.x) AND c.x > @low", False),
    ("SELECT VALUE t FROM c JOIN t IN c.tags WHERE t IN ('b', 'c')", False),
    ("SELECT VALUE c.id FROM c WHERE EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 'c')", False),
    ("SELECT c.id, ARRAY(SELECT VALUE UPPER(t) FROM t IN c.tags) AS tags FROM c WHERE c.n > 4", False),
    (
        "SELECT VALUE c.id FROM c WHERE c.id IN ('i001', 'absent') OR (c.id = 'i007' AND c.pk = 'p7')",
        False,
    ),
    ("SELECT VALUE c.id FROM c ORDER BY c.id", True),
    ("SELECT c.id FROM c ORDER BY c.id DESC", True),
    ("SELECT * FROM c WHERE c.flag ORDER BY c.x", True),
    ("SELECT VALUE c.x FROM c ORDER BY c.x DESC OFFSET 5 LIMIT 11", True),
    ("SELECT TOP 9 c.id, c.x FROM c ORDER BY c.x", True),
    ("SELECT VALUE {'n': c.n, 's': c.s} FROM c ORDER BY c.n, c.s DESC", True),
    ("SELECT DISTINCT VALUE c.n FROM c ORDER BY c.n", True),
    ("SELECT DISTINCT VALUE c.n FROM c ORDER BY c.n DESC OFFSET 1 LIMIT 3", True),
    ("SELECT DISTINCT c.n, c.s FROM c", False),
    ("SELECT DISTINCT VALUE c.tags FROM c", False),
    ("SELECT VALUE COUNT(1) FROM c", True),
    ("SELECT VALUE COUNT(c.absent) FROM c", True),
    ("SELECT VALUE SUM(c.x) FROM c WHERE c.n < 5", True),
    ("SELECT VALUE AVG(c.x) FROM c", True),
    ("SELECT VALUE MIN(c.s) FROM c", True),
    ("SELECT VALUE MAX(c.x) FROM c WHERE c.n = 2", True),
    ("SELECT VALUE COUNT(1) FROM c JOIN t IN c.tags", True),
]
PARAMETERS = [{"name": "@low", "value": 100}]


def answer(container: ContainerProxy, text: str, ordered: bool, **options: Any) -> list[Any]:
    words = {"enable_cross_partition_query": True, **options}
    found = [plain(one) for one in container.query_items(text, PARAMETERS, **words)]
    return found if ordered else sorted(found, key=repr)


def plain(row: Any) -> Any:
    """A row without what differs between containers."""
    if not isinstance(row, dict):
        return row
    return {name: value for name, value in sorted(row.items()) if not name.startswith("_")}


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ContainerProxy]]:
    """The same items on 1, 2 and 4 ranges, on 2 ranges that were split twice, and under one key value."""
    servers: list[Serving] = []
    clients = []
    found: dict[str, ContainerProxy] = {}
    for ranges in (1, 2, 4):
        servers.append(
            start(tmp_path_factory.mktemp(f"ranges{ranges}"), "--ranges", str(ranges), "--control")
        )
        clients.append(servers[-1].client())
        database = clients[-1].create_database("d")
        names = {1: ["one", "single"], 2: ["two", "split"], 4: ["four"]}[ranges]
        for name in names:
            key = PartitionKey("/one" if name == "single" else "/pk")
            found[name] = database.create_container(name, key, indexing_policy=POLICY)
            for item in ITEMS:
                found[name].create_item(item)
    list(
        found["split"].query_items("SELECT * FROM c", enable_cross_partition_query=True)
    )  # routes are cached
    for range_id in ("0", "2"):
        servers[1].control(split={"database": "d", "container": "split", "range": range_id})
    yield found
    for client in clients:
        client.close()
    for server in servers:
        assert server.stop() == 0


@pytest.mark.parametrize(("text", "ordered"), SHAPES)
def test_one_answer(containers: dict[str, ContainerProxy], text: str, ordered: bool) -> None:
    expected = answer(
        containers["single"], text, ordered, partition_key="one", enable_cross_partition_query=False
    )
    assert expected
    for name in ("one", "two", "four", "split"):
        assert answer(containers[name], text, ordered) == expected, name
        assert answer(containers[name], text, ordered, max_item_count=7) == expected, name


@pytest.mark.parametrize("text", ["SELECT * FROM c", "SELECT VALUE c.id FROM c WHERE c.n > 2"])
def test_pages_are_exact(containers: dict[str, ContainerProxy], text: str) -> None:
    """Each page from a client of its own, by the token of the page before."""
    for name in ("two", "four", "split"):
        seen: list[Any] = []
        token = None
        while True:
            pages = containers[name].query_items(text, enable_cross_partition_query=True, max_item_count=9)
            by_page: Any = pages.by_page(token)
            seen += list(next(by_page))
            token = by_page.continuation_token
            if not token:
                break
        assert sorted(map(repr, map(plain, seen))) == sorted(map(repr, answer(containers[name], text, False)))


def test_a_token_outlives_a_split(serving: Serving, database: Any) -> None:
    made = database.create_container("splitting", PartitionKey("/pk"))
    for n in range(60):
        made.create_item({"id": f"i{n}", "pk": f"p{n}"})
    pages: Any = made.query_items(
        "SELECT VALUE c.id FROM c", enable_cross_partition_query=True, max_item_count=10
    )
    by_page = pages.by_page()
    seen = list(next(by_page))
    for range_id in ("0", "1"):
        serving.control(split={"database": "tests", "container": "splitting", "range": range_id})
    for later in by_page:
        seen += list(later)
    assert sorted(seen) == sorted(f"i{n}" for n in range(60))


def test_a_token_belongs_to_its_query(containers: dict[str, ContainerProxy]) -> None:
    made = containers["two"]

    def first(text: str, token: str | None = None, **scope: Any) -> Any:
        by_page: Any = made.query_items(text, max_item_count=2, **scope).by_page(token)
        next(by_page)
        return by_page.continuation_token

    across: dict[str, Any] = {"enable_cross_partition_query": True}
    token = first("SELECT * FROM c", **across)
    others: list[tuple[str, dict[str, Any]]] = [
        ("SELECT c.id FROM c", across),
        ("SELECT * FROM c", {"partition_key": "p1"}),
    ]
    for text, scope in others:
        with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
            first(text, token, **scope)
        assert caught.value.status_code == 400
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        first("SELECT * FROM c", "bm9uc2Vuc2U=", **across)
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "SELECT c.n, COUNT(1) AS k FROM c GROUP BY c.n",
        "SELECT COUNT(1) AS a, MAX(c.x) AS b FROM c",
        "SELECT VALUE {'k': COUNT(1)} FROM c",
        "SELECT COUNT(1) AS k FROM c",
        "SELECT * FROM c ORDER BY c.raw",
        "SELECT * FROM c ORDER BY c.n, c.s",
        "SELECT * FROM c ORDER BY c.n + 1",
    ],
)
def test_what_the_service_refuses(containers: dict[str, ContainerProxy], text: str) -> None:
    for name in ("one", "two"):
        with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
            answer(containers[name], text, False)
        assert caught.value.status_code == 400


def test_groups_within_one_key(containers: dict[str, ContainerProxy]) -> None:
    text = "SELECT c.n, COUNT(1) AS k, SUM(c.x) AS total FROM c GROUP BY c.n"
    found = list(containers["single"].query_items(text, partition_key="one", max_item_count=3))
    expected = {n: [float(str(one["x"])) for one in ITEMS if one["n"] == n] for n in range(7)}
    assert {one["n"]: (one["k"], one["total"]) for one in found} == {
        n: (len(values), sum(values)) for n, values in expected.items()
    }


def test_a_query_needs_a_key_or_the_flag(containers: dict[str, ContainerProxy]) -> None:
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        list(containers["two"].query_items("SELECT * FROM c", enable_cross_partition_query=False))
    assert caught.value.status_code == 400


async def test_the_asynchronous_sdk(containers: dict[str, ContainerProxy]) -> None:
    url = containers["four"].client_connection.url_connection
    async with CosmosClient(url, WELL_KNOWN_KEY) as client:
        made = client.get_database_client("d").get_container_client("four")
        for text, ordered in SHAPES:
            found = [plain(one) async for one in made.query_items(text, parameters=PARAMETERS)]
            assert (found if ordered else sorted(found, key=repr)) == answer(
                containers["four"], text, ordered
            )
        wanted = [(str(one["id"]), str(one["pk"])) for one in ITEMS]
        assert len(await made.read_items(wanted)) == len(ITEMS)
        ranges = [one async for one in made.read_feed_ranges()]
        assert len(ranges) == 4
        found = []
        for part in ranges:
            found += [plain(one) async for one in made.query_items("SELECT * FROM c", feed_range=part)]
        assert sorted(found, key=repr) == answer(containers["four"], "SELECT * FROM c", False)
