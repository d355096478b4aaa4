"""The .NET client's requests and what it needs in the answers, stop by stop."""

import base64
import itertools
import json
import uuid
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from devstack.tests.cosmos.dotnet import FEED, PLAN, QUERY, Answer, Client, key, on_range
from devstack.tests.cosmos.serving import Serving, start

NAMES = itertools.count()


@pytest.fixture(scope="module")
def dotnet(serving: Serving) -> Client:
    client = Client(serving.port)
    assert client.send("POST", "/dbs", "", {"id": "dotnet"}).status == 201
    return client


@pytest.fixture
def made(dotnet: Client) -> dict[str, Any]:
    """A container with the key /pk, as the server describes it."""
    return new(dotnet)


def new(dotnet: Client, path: str = "/pk", **more: Any) -> dict[str, Any]:
    body = {"id": f"n{next(NAMES)}", "partitionKey": {"paths": [path], "kind": "Hash"}, **more}
    answer = dotnet.send("POST", "/dbs/dotnet/colls", "dbs/dotnet", body)
    assert answer.status == 201
    found: dict[str, Any] = answer.body
    return found


def docs(made: dict[str, Any]) -> str:
    return f"/dbs/dotnet/colls/{made['id']}/docs"


def put(dotnet: Client, made: dict[str, Any], item: dict[str, Any], **headers: str) -> Answer:
    answer = dotnet.named("POST", docs(made), item, {**key(item["pk"]), **headers})
    assert answer.status == 201
    return answer


def raw(rid: str) -> bytes:
    return base64.b64decode(rid.replace("-", "/"), validate=True)


def test_the_account_has_a_query_engine_configuration(dotnet: Client) -> None:
    """``QueryPartitionProvider`` throws over an empty one, and its finalizer then ends the process."""
    found = dotnet.send("GET", "/", "", headers={"x-ms-cosmos-use-thinclient": "True"}).body
    engine = json.loads(found["queryEngineConfiguration"])
    assert engine["maxSqlQueryInputLength"] == 262144
    assert engine["sqlAllowAggregateFunctions"] is True


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_account_is_where_it_was_asked(dotnet: Client, scheme: str) -> None:
    """A proxy that ends TLS tells so; clients move to the advertised endpoint."""
    headers = {"Host": "localhost:8443", "X-Forwarded-Proto": scheme}
    found = dotnet.send("GET", "/", "", headers=headers).body
    endpoint = f"{scheme}://localhost:8443/"
    assert [one["databaseAccountEndpoint"] for one in found["readableLocations"]] == [endpoint]
    assert [one["databaseAccountEndpoint"] for one in found["writableLocations"]] == [endpoint]


def test_resource_ids_can_be_taken_apart(dotnet: Client, made: dict[str, Any]) -> None:
    """``ResourceId.TryParse``: the top bit of byte 4 is a container's, byte 15's high nibble the kind."""
    container = raw(made["_rid"])
    assert (len(container), container[4] & 128) == (8, 128)
    assert raw(dotnet.named("GET", "/dbs/dotnet").body["_rid"]) == container[:4]
    items = [raw(put(dotnet, made, {"id": str(n), "pk": "x"}).body["_rid"]) for n in range(3)]
    assert all(len(one) == 16 and one[:8] == container and one[15] >> 4 == 0 for one in items)
    words = [int.from_bytes(one[8:], "little") for one in items]
    assert words == sorted(set(words))
    found = dotnet.named("GET", f"/dbs/dotnet/colls/{made['id']}/pkranges").body["PartitionKeyRanges"]
    ranges = [raw(one["_rid"]) for one in found]
    assert len(set(ranges)) == 2
    assert all(len(one) == 16 and one[:8] == container and one[15] >> 4 == 5 for one in ranges)


def test_ranges_are_read_by_resource_id(dotnet: Client, made: dict[str, Any]) -> None:
    """``PartitionKeyRangeCache``: ids in the path; the container's alone is signed, in lower case."""
    path = f"/{made['_self']}pkranges"
    headers = {"x-ms-max-item-count": "-1", "A-IM": "Incremental Feed"}
    first = dotnet.send("GET", path, made["_rid"].lower(), headers=headers)
    assert [one["id"] for one in first.body["PartitionKeyRanges"]] == ["0", "1"]
    assert first.body["_rid"] == made["_rid"]
    headers["If-None-Match"] = first.headers["etag"]
    assert dotnet.send("GET", path, made["_rid"].lower(), headers=headers).status == 304
    for wrong in (made["_rid"], raw(made["_rid"]).hex(), ""):
        assert dotnet.send("GET", path, wrong).status == 401
    stranger = path.replace(made["_rid"], "AAAAAYD---8=")
    assert dotnet.send("GET", stranger, "aaaaayd---8=").status == 404
    for one in first.body["PartitionKeyRanges"]:
        assert dotnet.send("GET", f"/{one['_self'].strip('/')}", one["_rid"].lower()).body == one
        assert dotnet.named("GET", f"/dbs/dotnet/colls/{made['id']}/pkranges/{one['id']}").body == one
    assert dotnet.named("GET", f"/dbs/dotnet/colls/{made['id']}/pkranges/9").status == 404


def test_everything_is_found_by_its_self_link(dotnet: Client, made: dict[str, Any]) -> None:
    """Databases, containers, items: read, listed, replaced, queried and deleted by resource ids."""
    database = dotnet.named("GET", "/dbs/dotnet").body
    path = f"/{database['_self'].strip('/')}"
    assert dotnet.send("GET", path, database["_rid"].lower()).body == database
    listed = dotnet.send("GET", f"{path}/colls", database["_rid"].lower()).body["DocumentCollections"]
    assert made in listed
    assert dotnet.send("GET", f"/{made['_self'].strip('/')}", made["_rid"].lower()).body == made
    item = put(dotnet, made, {"id": "a", "pk": "x", "n": 1}).body
    path, link = f"/{item['_self'].strip('/')}", item["_rid"].lower()
    assert dotnet.send("GET", path, link, headers=key("x")).body == item
    assert dotnet.send("GET", path, link, headers=key("y")).status == 404
    changed = dotnet.send("PUT", path, link, {"id": "a", "pk": "x", "n": 2}, key("x"))
    assert (changed.status, changed.body["_rid"], changed.body["n"]) == (200, item["_rid"], 2)
    patch = {"operations": [{"op": "incr", "path": "/n", "value": 1}]}
    assert dotnet.send("PATCH", path, link, patch, key("x")).body["n"] == 3
    feed = {**FEED, **on_range(0)}
    pages = [
        dotnet.send("GET", f"/{made['_self']}docs", made["_rid"].lower(), headers={**feed, **on_range(one)})
        for one in (0, 1)
    ]
    assert [one["id"] for page in pages if page.status == 200 for one in page.body["Documents"]] == ["a"]
    assert dotnet.send("DELETE", path, link, headers=key("x")).status == 204
    assert dotnet.send("GET", path, link, headers=key("x")).status == 404


def test_an_item_may_be_called_like_a_resource_id(dotnet: Client, made: dict[str, Any]) -> None:
    """A name goes before a resource id."""
    other = put(dotnet, made, {"id": "a", "pk": "x"}).body
    put(dotnet, made, {"id": other["_rid"], "pk": "x", "odd": True})
    found = dotnet.named("GET", f"{docs(made)}/{other['_rid']}", headers=key("x")).body
    assert found.get("odd") is True


def test_sessions_are_kept_by_name(dotnet: Client, made: dict[str, Any]) -> None:
    """``SessionContainer``: without both paths no token is kept; it keeps those of 404, 409 and 412 too."""
    wrote = put(dotnet, made, {"id": "a", "pk": "x"})
    item = f"{docs(made)}/a"
    stale = {"If-Match": '"stale"', **key("x")}
    answers = [
        wrote,
        dotnet.named(
            "GET", item, headers={**key("x"), "x-ms-session-token": wrote.headers["x-ms-session-token"]}
        ),
        dotnet.named("GET", f"{docs(made)}/missing", headers=key("x")),
        dotnet.named("POST", docs(made), {"id": "a", "pk": "x"}, key("x")),
        dotnet.named("PUT", item, {"id": "a", "pk": "x"}, stale),
    ]
    assert [one.status for one in answers] == [201, 200, 404, 409, 412]
    for one in answers:
        assert one.headers["x-ms-content-path"] == made["_rid"]
        assert one.headers["x-ms-alt-content-path"] == f"dbs/dotnet/colls/{made['id']}"
        place, _, token = one.headers["x-ms-session-token"].partition(":")
        assert (place in ("0", "1"), token) == (True, "-1#1")
    ahead = {**key("x"), "x-ms-session-token": "0:-1#99,1:-1#99"}
    refused = dotnet.named("GET", item, headers=ahead)
    assert (refused.status, refused.headers["x-ms-substatus"]) == (404, "1002")
    assert refused.headers["x-ms-session-token"] is None


def filled(dotnet: Client, count: int = 24) -> dict[str, Any]:
    """A container with items n = 0, 1, … on both ranges."""
    made = new(dotnet)
    for n in range(count):
        put(dotnet, made, {"id": f"i{n:02}", "pk": f"p{n % 9}", "n": n, "s": f"s{n % 5}"})
    return made


def planned(dotnet: Client, made: dict[str, Any], text: str) -> dict[str, Any]:
    """``QueryPlanRetriever``: the plan that the client asks for before any cross-partition query."""
    answer = dotnet.named("POST", docs(made), {"query": text}, PLAN)
    assert answer.status == 200
    found: dict[str, Any] = answer.body["queryInfo"]
    return found


def test_order_by_resumed_as_recorded(dotnet: Client) -> None:
    """The page that ended at n = 10, resumed on every range; the range of n = 10 has its resource id."""
    made = filled(dotnet)
    info = planned(dotnet, made, "SELECT VALUE c.n FROM c ORDER BY c.n")
    text = info["rewrittenQuery"].replace("{documentdb-formattableorderbyquery-filter}", "true")
    ten = dotnet.named("GET", f"{docs(made)}/i10", headers=key("p1"))
    target = str(ten.headers["x-ms-documentdb-partitionkeyrangeid"])
    seen: list[int] = []
    for number in ("0", "1"):
        resume: dict[str, Any] = {"value": [10], "exclude": number < target}
        if number == target:
            resume = {"value": [10], "rid": ten.body["_rid"], "exclude": False}
        sent, token = {"query": text, "resumeFilter": resume}, ""
        while True:
            more = {"x-ms-continuation": token} if token else {}
            page = dotnet.named("POST", docs(made), sent, {**QUERY, **on_range(number, 3), **more})
            assert page.status == 200
            seen += [row["payload"] for row in page.body["Documents"]]
            token = page.headers["x-ms-continuation"] or ""
            if not token:
                break
    assert sorted(seen) == list(range(10, 24))


def test_groups_and_several_aggregates_are_planned(dotnet: Client) -> None:
    """The rows that ``GroupByQueryPipelineStage`` and ``AggregateQueryPipelineStage`` take apart."""
    made = filled(dotnet)
    info = planned(dotnet, made, "SELECT c.s, COUNT(1) AS k FROM c GROUP BY c.s")
    assert info["groupByAliasToAggregateType"] == {"s": None, "k": "Count"}
    counts: dict[str, int] = {}
    for number in (0, 1):
        page = dotnet.named(
            "POST", docs(made), {"query": info["rewrittenQuery"]}, {**QUERY, **on_range(number)}
        )
        for row in page.body["Documents"]:
            assert row["groupByItems"] == [{"item": row["payload"]["s"]}]
            counts[row["payload"]["s"]] = counts.get(row["payload"]["s"], 0) + row["payload"]["k"]["item"]
    assert counts == {"s0": 5, "s1": 5, "s2": 5, "s3": 5, "s4": 4}
    info = planned(dotnet, made, "SELECT COUNT(1) AS k, MAX(c.n) AS most FROM c")
    assert (info["groupByAliases"], info["aggregates"]) == (["k", "most"], [])
    page = dotnet.named("POST", docs(made), {"query": info["rewrittenQuery"]}, {**QUERY, **on_range(0)})
    (row,) = page.body["Documents"]
    assert row["payload"]["most"]["item2"] == {
        "max": row["payload"]["most"]["item"],
        "count": row["payload"]["k"]["item"],
    }


def offers_of(dotnet: Client, rid: str) -> Answer:
    """``CosmosOffers``: the first of two requests of ``ReadThroughputAsync``."""
    body = {
        "query": "select * from root r where r.offerResourceId= @targetRID",
        "parameters": [{"name": "@targetRID", "value": rid}],
    }
    headers = {"x-ms-documentdb-isquery": "True", "Content-Type": "application/query+json"}
    return dotnet.send("POST", "/offers", "", body, headers)


def test_throughput_is_read(dotnet: Client) -> None:
    """A query by the container's resource id, then the offer by its own."""
    body = {"id": f"n{next(NAMES)}", "partitionKey": {"paths": ["/pk"], "kind": "Hash"}}
    asked = {"x-ms-offer-throughput": "700"}
    made = dotnet.send("POST", "/dbs/dotnet/colls", "dbs/dotnet", body, asked).body
    (offer,) = offers_of(dotnet, made["_rid"]).body["Offers"]
    assert (offer["offerResourceId"], offer["resource"]) == (made["_rid"], made["_self"])
    assert (len(raw(offer["_rid"])), offer["offerVersion"]) == (3, "V2")
    found = dotnet.send("GET", f"/{offer['_self'].strip('/')}", offer["_rid"].lower())
    assert (found.status, found.body) == (200, offer)
    assert found.body["content"]["offerThroughput"] == 700
    assert int(found.headers["x-ms-cosmos-min-throughput"]) == 400
    assert dotnet.send("GET", "/offers/-zzz", "-zzz").status == 404
    assert offer in dotnet.send("GET", "/offers", "").body["Offers"]
    changed = dotnet.send("PUT", f"/{offer['_self'].strip('/')}", offer["_rid"].lower(), offer)
    assert (changed.status, "A change of throughput" in changed.text) == (400, True)
    (plain,) = offers_of(dotnet, new(dotnet)["_rid"]).body["Offers"]
    assert plain["content"]["offerThroughput"] == 400  # the service's own default
    assert offers_of(dotnet, "AAAAAYD---8=").body["Offers"] == []


def test_throughput_is_what_is_spent(tmp_path: Path) -> None:
    """With --rus a container that asks for none has that much, and one that asks has what it asked for."""
    serving = start(tmp_path, "--rus", "500")
    try:
        client = Client(serving.port)
        assert client.send("POST", "/dbs", "", {"id": "dotnet"}).status == 201
        rows = {}
        for name, headers in (("default", {}), ("asking", {"x-ms-offer-throughput": "900"})):
            body = {"id": name, "partitionKey": {"paths": ["/pk"], "kind": "Hash"}}
            made = client.send("POST", "/dbs/dotnet/colls", "dbs/dotnet", body, headers).body
            (offer,) = offers_of(client, made["_rid"]).body["Offers"]
            rows[name] = offer["content"]["offerThroughput"]
        assert rows == {"default": 500, "asking": 900}
    finally:
        serving.kill()


def test_the_moment_a_feed_starts_from_is_excluded(dotnet: Client, serving: Serving) -> None:
    """``ChangeFeedProcessorCore`` starts from now with a second less: it is "interpreted as exclusive"."""
    made = new(dotnet)
    with serving.standing():
        before = put(dotnet, made, {"id": "before", "pk": "x"}).body["_ts"]
        serving.control(advance=1)
        after = put(dotnet, made, {"id": "after", "pk": "x"}).body["_ts"]
    assert after == before + 1
    found: dict[int, list[str]] = {}
    for since in (before - 1, before, after):
        moment = {"If-Modified-Since": formatdate(since, usegmt=True)}
        pages = [
            dotnet.named("GET", docs(made), headers={**FEED, **on_range(one), **moment}) for one in (0, 1)
        ]
        found[since] = [one["id"] for page in pages if page.status == 200 for one in page.body["Documents"]]
        assert all(page.headers["etag"] == '"2"' for page in pages)
    assert found == {before - 1: ["before", "after"], before: ["after"], after: []}


@pytest.mark.parametrize("default", [-1, None])
def test_a_lock_of_the_leases_expires_where_there_is_a_default(
    dotnet: Client, serving: Serving, default: int | None
) -> None:
    """``AcquireInitializationLockAsync``: a ``….lock`` with ``ttl`` 30; without ``defaultTtl`` it stays."""
    leases = new(dotnet, "/id", **({} if default is None else {"defaultTtl": default}))
    lock, info = {"id": "p.lock", "ttl": 30}, {"id": "p.info"}
    with serving.standing():
        first = dotnet.named("POST", docs(leases), lock, key(lock["id"]))
        assert dotnet.named("POST", docs(leases), info, key(info["id"])).status == 201
        serving.control(advance=29)
        assert dotnet.named("POST", docs(leases), lock, key(lock["id"])).status == 409
        serving.control(advance=1)
    gone = default == -1
    own = f"{docs(leases)}/p.lock"
    assert dotnet.named("GET", own, headers=key(lock["id"])).status == (404 if gone else 200)
    query = {"query": "SELECT VALUE c.id FROM c WHERE STARTSWITH(c.id, 'p')"}
    pages = [dotnet.named("POST", docs(leases), query, {**QUERY, **on_range(one, -1)}) for one in (0, 1)]
    left = {one for page in pages for one in page.body["Documents"]}
    assert left == ({"p.info"} if gone else {"p.info", "p.lock"})
    headers = {**key(lock["id"]), "If-Match": str(first.headers["etag"])}
    assert dotnet.named("DELETE", own, headers=headers).status == (404 if gone else 204)
    assert dotnet.named("POST", docs(leases), lock, key(lock["id"])).status == 201


def test_a_change_feed_processor_starts_and_goes_on(dotnet: Client) -> None:
    """The requests of the trigger's library at its start, in their order (``BootstrapperCore``, leases)."""
    watched, leases = new(dotnet), new(dotnet, "/id", defaultTtl=-1)
    prefix = f"watch-localhost_{raw(watched['_rid']).hex()}"
    lock = {"id": f"{prefix}.lock", "ttl": 30}
    assert dotnet.named("POST", docs(leases), lock, key(lock["id"])).status == 201
    assert dotnet.named("POST", docs(leases), lock, key(lock["id"])).status == 409
    lease = {"id": f"{prefix}..0", "Owner": None, "LeaseToken": "0", "ContinuationToken": None}
    first = dotnet.named("POST", docs(leases), lease, {**key(lease["id"]), "Prefer": "return=minimal"})
    assert (first.status, first.body) == (201, None)
    etag = first.headers["etag"]
    own = f"{docs(leases)}/{lease['id']}"
    taken = {**lease, "Owner": str(uuid.uuid4())}
    assert dotnet.named("PUT", own, taken, {**key(lease["id"]), "If-Match": etag}).status == 200
    assert dotnet.named("PUT", own, taken, {**key(lease["id"]), "If-Match": etag}).status == 412
    assert dotnet.named("DELETE", f"{docs(leases)}/{lock['id']}", headers=key(lock["id"])).status == 204
    put(dotnet, watched, {"id": "a", "pk": "x"})
    feed = {**FEED, "x-ms-max-item-count": "100", "If-Modified-Since": "Mon, 01 Jan 0001 00:00:00 GMT"}
    seen: list[Any] = []
    marks: dict[str, str] = {}
    for number in ("0", "1"):
        place = {"x-ms-documentdb-partitionkeyrangeid": f"{watched['_rid']},{number}"}
        page = dotnet.named("GET", docs(watched), headers={**feed, **place})
        seen += page.body["Documents"] if page.status == 200 else []
        marks[number] = page.headers["etag"]
        again = dotnet.named("GET", docs(watched), headers={**FEED, **place, "If-None-Match": marks[number]})
        assert (again.status, again.headers["etag"]) == (304, marks[number])
    assert [one["id"] for one in seen] == ["a"]
