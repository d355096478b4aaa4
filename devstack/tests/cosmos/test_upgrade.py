"""A folder of before, written by the server of commit 9295622, is served on as it was.

``data/resource-ids-of-before.sql`` is its account.db: a database, a container with updates, a batch, a
deletion and a split, and an item that keeps a change feed continuation of the Python SDK.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.cosmos import ContainerProxy, CosmosClient

from devstack.tests.cosmos.serving import Serving, start

MATCH = MatchConditions.IfNotModified
DUMP = Path(__file__).parent / "data" / "resource-ids-of-before.sql"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "account.db") as file:
        file.executescript(DUMP.read_text())
    file.close()
    return tmp_path


@pytest.fixture
def serving(folder: Path) -> Iterator[Serving]:
    found = start(folder)
    yield found
    assert found.stop() == 0


def orders(client: CosmosClient) -> ContainerProxy:
    return client.get_database_client("shop").get_container_client("orders")


def bodies(folder: Path, table: str = "docs_1") -> dict[str, tuple[Any, ...]]:
    with sqlite3.connect(folder / "account.db") as file:
        rows = file.execute(f"SELECT id, seq, epk, pk, lsn, ts, etag, body FROM {table}").fetchall()
    file.close()
    return {row[0]: row[1:] for row in rows}


def test_items_are_as_they_were(folder: Path) -> None:
    """All but the resource ids: ETags, places in the feed and everything that a program wrote."""
    before = bodies(folder)
    assert start(folder).stop() == 0
    after = bodies(folder)
    assert {name: row[:-1] for name, row in after.items()} == {name: row[:-1] for name, row in before.items()}
    assert len(after) == 15


def test_items_have_readable_resource_ids(serving: Serving) -> None:
    with serving.client() as client:
        made = orders(client)
        rid = made.read()["_rid"]
        items = list(made.read_all_items())
        assert len(items) == 15
        for one in items:
            assert one["_self"] == f"{made.read()['_self']}docs/{one['_rid']}/"
            assert one["_rid"].startswith(rid[:10])
            assert made.read_item(one["_rid"], one["pk"]) == one
        etag = made.read_item("i1", "p1")["_etag"]
        assert made.replace_item("i1", {"id": "i1", "pk": "p1"}, etag=etag, match_condition=MATCH)[
            "_rid"
        ] in {one["_rid"] for one in items}
        assert made.create_item({"id": "new", "pk": "p1"})["_rid"] not in {one["_rid"] for one in items}


def test_a_stored_continuation_goes_on(serving: Serving) -> None:
    """The Python SDK refuses a continuation whose container has another resource id."""
    with serving.client() as client:
        other = client.get_database_client("shop").get_container_client("other")
        state = other.read_item("state", "state")
        token = state["deep"][0]["continuation"]
        assert [one["id"] for one in orders(client).query_items_change_feed(continuation=token)] == ["late"]
        assert state["text"] == "not a token"


def test_a_folder_is_upgraded_once(folder: Path) -> None:
    assert start(folder).stop() == 0
    once = bodies(folder)
    assert start(folder).stop() == 0
    assert bodies(folder) == once
