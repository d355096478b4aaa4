"""Transactional batches: all or nothing, one LSN."""

import threading
from typing import Any

import pytest
from azure.cosmos import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError


def statuses(container: ContainerProxy, operations: list[Any], pk: str = "x") -> list[int]:
    """The status of each operation, done or undone."""
    try:
        return [one["statusCode"] for one in container.execute_item_batch(operations, pk)]
    except CosmosBatchOperationError as error:
        return [one["statusCode"] for one in error.operation_responses]


def ids(container: ContainerProxy) -> set[str]:
    return {one["id"] for one in container.read_all_items()}


def test_all_kinds_of_operation(container: ContainerProxy) -> None:
    container.create_item({"id": "old", "pk": "x", "n": 1})
    container.create_item({"id": "gone", "pk": "x"})
    results = container.execute_item_batch(
        [
            ("create", ({"id": "a", "pk": "x"},)),
            ("upsert", ({"id": "b", "pk": "x"},)),
            ("upsert", ({"id": "b", "pk": "x", "again": True},)),
            ("read", ("a",)),
            ("replace", ("old", {"id": "old", "pk": "x", "n": 2})),
            ("patch", ("old", [{"op": "incr", "path": "/n", "value": 5}])),
            ("delete", ("gone",)),
        ],
        "x",
    )
    assert [one["statusCode"] for one in results] == [201, 201, 200, 200, 200, 200, 204]
    assert results[5]["resourceBody"]["n"] == 7
    assert ids(container) == {"a", "b", "old"}
    charges = [one["requestCharge"] for one in results]
    assert float(results.get_response_headers()["x-ms-request-charge"]) == pytest.approx(sum(charges))


def test_failures_undo_everything(container: ContainerProxy) -> None:
    etag = container.create_item({"id": "old", "pk": "x"})["_etag"]
    new = ("create", ({"id": "new", "pk": "x"},))
    body = {"id": "old", "pk": "x", "changed": True}
    assert statuses(container, [new, ("create", (body,)), ("read", ("old",))]) == [424, 409, 424]
    assert statuses(container, [("read", ("absent",)), new]) == [404, 424]
    stale = ("replace", ("old", body), {"if_match_etag": '"stale"'})
    assert statuses(container, [new, stale]) == [424, 412]
    assert statuses(container, [new, ("create", ({"id": "b", "pk": "other"},))]) == [424, 400]
    condition = {"filter_predicate": "FROM c WHERE c.n = 1"}
    patch = ("patch", ("old", [{"op": "add", "path": "/z", "value": 1}]), condition)
    assert statuses(container, [new, patch]) == [424, 412]
    assert ids(container) == {"old"}
    assert container.read_item("old", "x")["_etag"] == etag
    assert statuses(container, [new, ("replace", ("old", body), {"if_match_etag": etag})]) == [201, 200]


def test_later_operations_see_earlier_ones(container: ContainerProxy) -> None:
    operations = [
        ("create", ({"id": "a", "pk": "x", "n": 0},)),
        ("patch", ("a", [{"op": "incr", "path": "/n", "value": 1}])),
        ("delete", ("a",)),
        ("create", ({"id": "a", "pk": "x", "n": 9},)),
    ]
    assert statuses(container, operations) == [201, 200, 204, 201]
    assert container.read_item("a", "x")["n"] == 9


def test_limits(container: ContainerProxy) -> None:
    many = [("create", ({"id": str(n), "pk": "x"},)) for n in range(101)]
    with pytest.raises(CosmosHttpResponseError) as caught:
        container.execute_item_batch(many, "x")
    assert caught.value.status_code == 400
    assert statuses(container, many[:100]) == [201] * 100
    large = [("create", ({"id": f"l{n}", "pk": "x", "t": "x" * 1_000_000},)) for n in range(3)]
    with pytest.raises(CosmosHttpResponseError) as caught:
        container.execute_item_batch(large, "x")
    assert caught.value.status_code == 413
    assert len(ids(container)) == 100


def test_a_batch_has_one_lsn(container: ContainerProxy) -> None:
    container.execute_item_batch([("create", ({"id": str(n), "pk": "x"},)) for n in range(10)], "x")
    container.create_item({"id": "after", "pk": "x"})
    pages = container.query_items_change_feed(partition_key="x", start_time="Beginning", max_item_count=3)
    assert [len(list(page)) for page in pages.by_page()] == [10, 1]


def test_conflicting_batches_at_once(container: ContainerProxy) -> None:
    etag = container.create_item({"id": "shared", "pk": "x"})["_etag"]
    outcomes: list[list[int]] = []

    def one(worker: int) -> None:
        operations = [
            ("create", ({"id": f"w{worker}", "pk": "x"},)),
            ("replace", ("shared", {"id": "shared", "pk": "x", "w": worker}), {"if_match_etag": etag}),
        ]
        outcomes.append(statuses(container, operations))

    workers = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(outcomes) == [[201, 200], *[[424, 412]] * 7]
    winner = container.read_item("shared", "x")["w"]
    assert ids(container) == {"shared", f"w{winner}"}
