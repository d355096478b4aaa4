"""Partial updates."""

from typing import Any

import pytest
from azure.cosmos import ContainerProxy, exceptions

START = {"id": "a", "pk": "x", "n": 1, "s": "t", "list": [1, 2, 3], "deep": {"a/b": 1, "c": {"d": 1}}}


def patched(container: ContainerProxy, *operations: dict[str, Any], **options: Any) -> dict[str, Any]:
    container.upsert_item(dict(START))
    found = container.patch_item("a", "x", list(operations), **options)
    return {name: value for name, value in found.items() if not name.startswith("_")}


def op(kind: str, path: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"op": kind, "path": path, **({} if kind in ("remove", "move") else {"value": value}), **more}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (op("add", "/new", {"x": 1}), {"new": {"x": 1}}),
        (op("add", "/list/1", 9), {"list": [1, 9, 2, 3]}),
        (op("add", "/list/-", 9), {"list": [1, 2, 3, 9]}),
        (op("add", "/list/3", 9), {"list": [1, 2, 3, 9]}),
        (op("set", "/list/0", 9), {"list": [9, 2, 3]}),
        (op("set", "/deep/c/e", 2), {"deep": {"a/b": 1, "c": {"d": 1, "e": 2}}}),
        (op("replace", "/deep/a~1b", 7), {"deep": {"a/b": 7, "c": {"d": 1}}}),
        (op("remove", "/list/0"), {"list": [2, 3]}),
        (op("incr", "/n", 1.5), {"n": 2.5}),
        (op("incr", "/fresh", -2), {"fresh": -2}),
        (op("move", "/moved", **{"from": "/deep/c"}), {"deep": {"a/b": 1}, "moved": {"d": 1}}),
    ],
)
def test_operations(container: ContainerProxy, operation: dict[str, Any], expected: dict[str, Any]) -> None:
    assert patched(container, operation) == {**START, **expected}


@pytest.mark.parametrize(
    "operation",
    [
        op("add", "/absent/child", 1), op("replace", "/absent", 1), op("remove", "/absent"),
        op("incr", "/s", 1), op("incr", "/n", "1"), op("set", "/list/9", 1), op("add", "/list/x", 1),
        op("set", "/id", "b"), op("set", "/pk", "y"), op("remove", "/_etag"), op("jump", "/n", 1),
        op("set", "n", 1), op("set", "/s/below", 1), op("move", "/deep/c/x", **{"from": "/deep"}),
    ],
)  # fmt: skip
def test_refused_operations_change_nothing(container: ContainerProxy, operation: dict[str, Any]) -> None:
    container.upsert_item(dict(START))
    before = container.read_item("a", "x")
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        container.patch_item("a", "x", [op("set", "/s", "changed"), operation])
    assert caught.value.status_code == 400
    assert container.read_item("a", "x") == before


def test_eleven_operations(container: ContainerProxy) -> None:
    many = [op("set", f"/p{n}", n) for n in range(11)]
    assert patched(container, *many[:10])["p9"] == 9
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        patched(container, *many)
    assert caught.value.status_code == 400


def test_predicates(container: ContainerProxy) -> None:
    change = op("set", "/s", "new")
    assert patched(container, change, filter_predicate="FROM c WHERE c.n = 1")["s"] == "new"
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        patched(container, change, filter_predicate="FROM c WHERE c.n = 2")
    assert (caught.value.status_code, caught.value.sub_status) == (412, 1110)
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        patched(container, change, filter_predicate="WHERE WHERE")
    assert caught.value.status_code == 400


def test_an_absent_item(container: ContainerProxy) -> None:
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        container.patch_item("absent", "x", [op("set", "/s", 1)])
