"""Brings a file of before to today's layout, once, when it is opened.

Layout 1: resource ids that the .NET client can take apart (:mod:`devstack.cosmos.rids`). An item carries its
own, and a change feed continuation of the Python SDK, which programs keep in items, its container's: both are
rewritten. Nothing else of an item changes, neither its ETag nor its place in the change feed.
"""

import base64
import struct
from typing import Any

import orjson

from devstack.cosmos.rids import container_rid, database_rid, item_rid
from devstack.cosmos.store import Store

LAYOUT = 1


def upgrade(store: Store) -> None:
    """All or nothing, in one transaction; nothing at all for a file of today."""
    if store.rows("SELECT value FROM meta WHERE name = 'layout'"):
        return
    with store.transaction():
        containers = store.rows("SELECT db, number FROM containers")
        renamed = {_rid_of_before(*one): container_rid(*one) for one in containers}
        for db, number in containers:
            _rewrite(store, db, number, renamed)
        store.execute("INSERT INTO meta VALUES ('layout', ?)", (LAYOUT,))


def _rid_of_before(*numbers: int) -> str:
    return base64.b64encode(b"".join(struct.pack(">I", one) for one in numbers)).decode().replace("/", "-")


def _rewrite(store: Store, db: int, number: int, renamed: dict[str, str]) -> None:
    table = f"docs_{number}"
    for (seq,) in store.rows(f"SELECT seq FROM {table}"):  # noqa: S608 - a number
        body = store.rows(f"SELECT body FROM {table} WHERE seq = ?", seq)[0][0]  # noqa: S608
        item = _walk(orjson.loads(body), renamed)
        item["_rid"] = item_rid(db, number, seq)
        item["_self"] = f"dbs/{database_rid(db)}/colls/{container_rid(db, number)}/docs/{item['_rid']}/"
        store.execute(f"UPDATE {table} SET body = ? WHERE seq = ?", (orjson.dumps(item), seq))  # noqa: S608


def _walk(value: Any, renamed: dict[str, str]) -> Any:
    """The value, with every change feed continuation in it under the new id of its container."""
    if isinstance(value, dict):
        return {name: _walk(one, renamed) for name, one in value.items()}
    if isinstance(value, list):
        return [_walk(one, renamed) for one in value]
    return _continuation(value, renamed) if isinstance(value, str) else value


def _continuation(text: str, renamed: dict[str, str]) -> str:
    """The form of azure-cosmos for Python: base64 of JSON with ``containerRid`` and a ``rid`` within."""
    try:
        state = orjson.loads(base64.b64decode(text, validate=True))
    except ValueError:
        return text
    if not isinstance(state, dict) or str(state.get("containerRid")) not in renamed:
        return text
    state["containerRid"] = renamed[state["containerRid"]]
    inner = state.get("continuation")
    if isinstance(inner, dict) and str(inner.get("rid")) in renamed:
        inner["rid"] = renamed[inner["rid"]]
    return base64.b64encode(orjson.dumps(state)).decode()
