"""Offers: the throughput of containers, read. Clients ask by the container's resource id or self link.

A container's offer is what it asked for, else what ``--rus`` gives it. Without ``--rus`` nothing is limited,
and the offer says what the service would provision: 400 RU/s for a container that asks for none.
"""

from typing import Any

import orjson

from devstack.cosmos import charge
from devstack.cosmos.catalog import LEAST_RUS, Catalog, Container
from devstack.cosmos.errors import Refusal, bad_request, not_found, unsupported
from devstack.cosmos.rids import offer_rid
from devstack.cosmos.sql.pages import page, starting
from devstack.cosmos.sql.parser import parse
from devstack.cosmos.sql.shape import compile_query
from devstack.cosmos.wire import Call, Reply, is_query, text_of_query


def serve_offers(call: Call, catalog: Catalog, wanted: str = "") -> Reply:
    """The list, a query over it, or the one offer of the resource id ``wanted``."""
    offers = [_offer(one) for one in catalog.containers.values()]
    if call.verb == "PUT":
        raise unsupported("A change of throughput")
    if wanted and call.verb == "GET":
        return _one(offers, wanted)
    if wanted or not (call.verb == "GET" or is_query(call)):
        raise Refusal(405, f"{call.verb} is not allowed on '{call.path}'.")
    found = [orjson.dumps(one) for one in offers]
    if call.verb == "POST":
        found = _queried(call, found)
    body = {"_rid": "", "Offers": [orjson.Fragment(one) for one in found], "_count": len(found)}
    return Reply.of(body, charge=charge.METADATA)


def _one(offers: list[dict[str, Any]], wanted: str) -> Reply:
    for one in offers:
        if one["id"] == wanted:
            headers = {"etag": one["_etag"], "x-ms-cosmos-min-throughput": str(LEAST_RUS)}
            return Reply(200, orjson.dumps(one), headers, charge.METADATA)
    raise not_found(f"offer '{wanted}'")


def _queried(call: Call, offers: list[bytes]) -> list[bytes]:
    if call.header("x-ms-continuation"):
        raise bad_request("A query over offers has one page and no continuation.")
    text, parameters = text_of_query(call.mapping())
    shape = compile_query(parse(text), parameters)
    return page(shape, enumerate(offers), starting(shape), len(offers) + 1)[0]


def _offer(container: Container) -> dict[str, Any]:
    own = offer_rid(container.number)
    return {
        "resource": container.to_json()["_self"], "offerType": "Invalid", "offerResourceId": container.rid,
        "offerVersion": "V2", "id": own, "_rid": own, "_self": f"offers/{own}/", "_ts": container.ts,
        "_etag": f'"{container.number:08x}-0000-0000-0000-{container.ts:08x}0001"',
        "content": {"offerThroughput": container.offer, "offerIsRUPerMinuteThroughputEnabled": False},
    }  # fmt: skip
