"""Accounts, containers and items through the unmodified SDK."""

import itertools
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.cosmos import ContainerProxy, CosmosClient, DatabaseProxy, PartitionKey, exceptions
from azure.cosmos.partition_key import NonePartitionKeyValue, NullPartitionKeyValue

from devstack.tests.cosmos.conftest import MakeContainer
from devstack.tests.cosmos.serving import Serving

WRONG_KEY = "d3Jvbmc="


def status(call: Any, *words: Any, **options: Any) -> tuple[int, int]:
    """(status, substatus) of a refused call."""
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        call(*words, **options)
    return int(caught.value.status_code or 0), int(caught.value.sub_status or 0)


def test_a_wrong_key_is_refused(serving: Serving) -> None:
    assert status(CosmosClient, serving.url, WRONG_KEY) == (401, 0)


def test_databases(client: CosmosClient) -> None:
    made = client.create_database("shop")
    assert client.create_database_if_not_exists("shop").id == "shop"
    assert status(client.create_database, "shop")[0] == 409
    assert "shop" in [one["id"] for one in client.list_databases()]
    made.create_container("c", PartitionKey("/pk"))
    assert [one["id"] for one in made.list_containers()] == ["c"]
    client.delete_database("shop")
    assert status(client.get_database_client("shop").read)[0] == 404


def test_containers_keep_their_definition(database: DatabaseProxy, make: MakeContainer) -> None:
    policy = {
        "indexingMode": "consistent",
        "includedPaths": [{"path": "/*"}],
        "excludedPaths": [{"path": "/raw/*"}],
    }
    made = make("/a/b", default_ttl=60, indexing_policy=policy)
    found = made.read()
    assert found["partitionKey"] == {"paths": ["/a/b"], "kind": "Hash", "version": 2}
    assert (found["defaultTtl"], found["indexingPolicy"]) == (60, policy)
    database.replace_container(made, PartitionKey("/a/b"), default_ttl=-1)
    assert made.read()["defaultTtl"] == -1
    assert status(database.replace_container, made, PartitionKey("/other"))[0] == 400


@pytest.mark.parametrize(
    ("key", "options"),
    [
        (PartitionKey(["/a", "/b"]), {}),
        (PartitionKey("/a", version=1), {}),
        (PartitionKey("/a"), {"unique_key_policy": {"uniqueKeys": [{"paths": ["/u"]}]}}),
        (PartitionKey("/a"), {"indexing_policy": {"includedPaths": [{"path": "/x/?"}]}}),
        (PartitionKey("/a"), {"default_ttl": 0}),
    ],
)
def test_what_it_cannot_do_is_refused(database: DatabaseProxy, key: PartitionKey, options: Any) -> None:
    assert status(database.create_container, "never", key, **options)[0] == 400
    assert "never" not in [one["id"] for one in database.list_containers()]


def test_create_read_replace_delete(container: ContainerProxy) -> None:
    made = container.create_item({"id": "a", "pk": "x", "n": 1})
    assert made["_etag"].startswith('"')
    assert made["_etag"].endswith('"')
    assert container.read_item("a", "x") == made
    assert status(container.create_item, {"id": "a", "pk": "x"})[0] == 409
    assert container.create_item({"id": "a", "pk": "y"})["pk"] == "y"
    replaced = container.replace_item("a", {"id": "a", "pk": "x", "n": 2})
    assert replaced["_etag"] != made["_etag"]
    assert replaced["_rid"] == made["_rid"]
    assert container.upsert_item({"id": "a", "pk": "x", "n": 3})["n"] == 3
    assert container.upsert_item({"id": "new", "pk": "x"})["id"] == "new"
    container.delete_item("a", "x")
    assert status(container.read_item, "a", "x")[0] == 404
    assert status(container.replace_item, "a", {"id": "a", "pk": "x"})[0] == 404
    assert status(container.delete_item, "a", "x")[0] == 404


def test_etag_conditions(container: ContainerProxy) -> None:
    first = container.create_item({"id": "a", "pk": "x"})["_etag"]
    match: dict[str, Any] = {"match_condition": MatchConditions.IfNotModified}
    second = container.replace_item("a", {"id": "a", "pk": "x"}, etag=first, **match)["_etag"]
    body = {"id": "a", "pk": "x", "late": True}
    assert status(container.replace_item, "a", body, etag=first, **match)[0] == 412
    assert status(container.delete_item, "a", "x", etag=first, **match)[0] == 412
    assert status(container.upsert_item, body, etag=first, **match)[0] == 412
    absent = {"match_condition": MatchConditions.IfMissing}
    assert status(container.upsert_item, body, **absent)[0] == 412
    assert "late" not in container.read_item("a", "x")
    container.delete_item("a", "x", etag=second, **match)


def test_an_unchanged_item_is_not_sent_again(container: ContainerProxy) -> None:
    etag = container.create_item({"id": "a", "pk": "x"})["_etag"]
    statuses: list[Any] = []
    hook = {"raw_response_hook": lambda answer: statuses.append(answer.http_response.status_code)}
    changed = {"match_condition": MatchConditions.IfModified}
    container.read_item("a", "x", etag=etag, **changed, **hook)  # type: ignore[arg-type]
    container.read_item("a", "x", etag='"other"', **changed, **hook)  # type: ignore[arg-type]
    assert statuses == [304, 200]


@pytest.mark.parametrize("bad", ["a/b", "a\\b", "a?b", "a#b", "", "x" * 1024, 7, None])
def test_bad_ids(serving: Serving, container: ContainerProxy, bad: Any) -> None:
    path = f"{container.container_link}/docs"
    answer = serving.signed("POST", path, {"id": bad, "pk": "x"}, x_ms_documentdb_partitionkey='["x"]')
    assert answer[0] == 400
    assert list(container.read_all_items()) == []


@pytest.mark.parametrize("odd", ["with space", "ünï→cödé", "a+b&c=d%20", "'\"", "x" * 255])
def test_odd_but_valid_ids(container: ContainerProxy, odd: str) -> None:
    container.create_item({"id": odd, "pk": odd})
    assert container.read_item(odd, odd)["id"] == odd
    container.delete_item(odd, odd)


def test_every_kind_of_partition_key(container: ContainerProxy) -> None:
    values: list[Any] = ["s", 5, 2.5, True, False]
    for value in values:
        container.create_item({"id": "a", "pk": value})
        assert container.read_item("a", value)["pk"] is not None
    container.create_item({"id": "a"})
    container.create_item({"id": "a", "pk": None})
    assert "pk" not in container.read_item("a", NonePartitionKeyValue)
    assert container.read_item("a", NullPartitionKeyValue)["pk"] is None
    assert len(list(container.read_all_items())) == len(values) + 2
    assert container.read_item("a", 5.0)["pk"] == 5
    assert status(container.create_item, {"id": "b", "pk": [1]})[0] == 400


def test_the_key_must_match_the_body(serving: Serving, container: ContainerProxy) -> None:
    path = f"{container.container_link}/docs"
    body = {"id": "a", "pk": "x"}
    code, headers, _ = serving.signed("POST", path, body, x_ms_documentdb_partitionkey='["y"]')
    assert (code, headers["x-ms-substatus"]) == (400, "1001")
    assert serving.signed("POST", path, body)[0] == 400
    assert serving.signed("POST", path, b"{", x_ms_documentdb_partitionkey='["x"]')[0] == 400
    assert serving.signed("POST", path, body, x_ms_documentdb_partitionkey='["x"]')[0] == 201


def test_an_item_over_two_mebibytes(container: ContainerProxy) -> None:
    assert status(container.create_item, {"id": "a", "pk": "x", "t": "x" * 2**21})[0] == 413
    container.create_item({"id": "a", "pk": "x", "t": "x" * (2**21 - 1000)})


def test_a_minimal_answer(container: ContainerProxy) -> None:
    assert dict(container.create_item({"id": "a", "pk": "x"}, no_response=True)) == {}
    assert container.read_item("a", "x")["id"] == "a"


def test_read_many(container: ContainerProxy) -> None:
    wanted = [(f"i{n}", f"p{n % 7}") for n in range(40)]
    for item_id, pk in wanted:
        container.create_item({"id": item_id, "pk": pk})
    found = container.read_items([*wanted, ("absent", "p1")])
    assert sorted((one["id"], one["pk"]) for one in found) == sorted(wanted)


def test_a_container_created_again(serving: Serving, database: DatabaseProxy, make: MakeContainer) -> None:
    old = make()
    old.create_item({"id": "a", "pk": "x"})
    database.delete_container(old.id)
    with serving.client() as other:
        fresh = other.get_database_client("tests").create_container(old.id, PartitionKey("/pk"))
        fresh.create_item({"id": "b", "pk": "x"})
    assert old.read_item("b", "x")["id"] == "b"
    assert status(old.read_item, "a", "x")[0] == 404


def test_a_stale_rid_is_told_apart(serving: Serving, container: ContainerProxy) -> None:
    headers = {"x_ms_cosmos_intended_collection_rid": "AAAAAQAAAAA=", "x_ms_documentdb_partitionkey": '["x"]'}
    code, answer, _ = serving.signed("GET", f"{container.container_link}/docs/a", **headers)
    assert (code, answer["x-ms-substatus"]) == (400, "1024")


def test_charges_are_deterministic(make: MakeContainer) -> None:
    charges = []
    for _ in range(2):
        made = make(
            indexing_policy={"includedPaths": [{"path": "/*"}], "excludedPaths": [{"path": "/raw/*"}]}
        )
        row = []
        for body in ({"id": "a", "pk": "x"}, {"id": "b", "pk": "x", "raw": {"n": [1, 2, 3]}, "m": [1, 2]}):
            headers = made.create_item(body).get_response_headers()
            row.append(float(headers["x-ms-request-charge"]))
        headers = made.read_item("a", "x").get_response_headers()
        charges.append([*row, float(headers["x-ms-request-charge"])])
    assert charges[0] == charges[1]
    small, larger, read = charges[0]
    assert (small, larger, read) == (5 + 0.7 * 2, 5 + 0.7 * 4, 1)


def test_routing_is_read_once(serving: Serving, make: MakeContainer) -> None:
    made = make()
    before = serving.control()["requests"].get("GET dbs/colls/pkranges", 0)
    with serving.client() as fresh:
        again = fresh.get_database_client("tests").get_container_client(made.id)
        for n in range(20):
            again.upsert_item({"id": str(n), "pk": str(n)})
            list(again.query_items("SELECT * FROM c", enable_cross_partition_query=True))
    after = serving.control()["requests"].get("GET dbs/colls/pkranges", 0)
    assert after - before <= 2


def test_a_stale_session(serving: Serving, container: ContainerProxy) -> None:
    container.create_item({"id": "a", "pk": "x"})
    for token, expected in (("0:-1#999999", 1002), ("1:-1#999999", 1002)):
        refused = status(container.read_item, "a", "x", session_token=token, retry_total=0)
        assert refused == (404, expected)
    assert status(container.read_item, "a", "x", session_token="nonsense")[0] == 400


def test_a_stale_session_of_a_query_and_a_feed(serving: Serving, container: ContainerProxy) -> None:
    path = f"{container.container_link}/docs"
    stale = {"x_ms_documentdb_partitionkey": '["x"]', "x_ms_session_token": "0:-1#999999"}
    query = {"x_ms_documentdb_isquery": "True", "content_type": "application/query+json"}
    for verb, body, headers in (
        ("POST", {"query": "SELECT * FROM c"}, query),
        ("GET", None, {"a_im": "Incremental Feed"}),
        ("GET", None, {}),
    ):
        code, answer, _ = serving.signed(verb, path, body, **headers, **stale)
        assert (code, answer["x-ms-substatus"]) == (404, "1002")
        assert serving.signed(verb, path, body, **headers, **stale | {"x_ms_session_token": ""})[0] in (
            200,
            304,
        )


def test_a_syntax_error_says_so(container: ContainerProxy) -> None:
    with pytest.raises(exceptions.CosmosHttpResponseError, match="SC1001") as caught:
        list(container.query_items("SELECT FROM WHERE", partition_key="x"))
    assert caught.value.status_code == 400


def test_throughput(make: MakeContainer) -> None:
    made = make(offer_throughput=700)
    assert made.get_throughput().offer_throughput == 700
    with pytest.raises(exceptions.CosmosHttpResponseError, match="A change of throughput is not supported"):
        made.replace_throughput(800)
    assert make().get_throughput().offer_throughput == 400


def test_triggers_and_strong_reads_are_refused(serving: Serving, container: ContainerProxy) -> None:
    with serving.client() as client:
        assert status(client.create_database, "shared", offer_throughput=400)[0] == 400
    assert status(container.create_item, {"id": "a", "pk": "x"}, pre_trigger_include="t")[0] == 400
    path = f"{container.container_link}/docs"
    headers = {"a_im": "Incremental Feed", "x_ms_documentdb_partitionkeyrangeid": "0"}
    assert serving.signed("GET", path, **headers)[0] == 304
    assert serving.signed("GET", path, x_ms_consistency_level="Strong", **headers)[0] == 400
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    assert status(container.create_item, {"id": "a", "pk": "x", "deep": deep})[0] == 400


def test_lists_and_pages_of_all_items(container: ContainerProxy) -> None:
    for n in range(25):
        container.create_item({"id": str(n), "pk": str(n % 3)})
    pages = [len(list(one)) for one in container.read_all_items(max_item_count=10).by_page()]
    assert sum(pages) == 25
    assert max(pages) == 10
    assert len(list(itertools.islice(container.read_all_items(), 100))) == 25
