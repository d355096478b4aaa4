"""Partial updates: add, set, replace, remove, incr and move, all or nothing, at most ten at a time."""

import copy
from typing import Any

from devstack.cosmos.errors import Refusal, bad_request
from devstack.cosmos.indexing import Steps
from devstack.cosmos.sql.parser import parse
from devstack.cosmos.sql.shape import compile_query

MAX_OPERATIONS = 10
SYSTEM = ("id", "_rid", "_self", "_etag", "_ts", "_attachments")


def patch_body(body: Any) -> dict[str, Any]:
    """The body of a PATCH request: an object, or (from the JavaScript SDK) the bare list of operations."""
    if isinstance(body, list):
        return {"operations": body}
    if isinstance(body, dict):
        return body
    raise bad_request("The body of a patch must be an object or a list of operations.")


def apply_patch(item: dict[str, Any], body: dict[str, Any], key_path: Steps) -> dict[str, Any]:
    """The patched copy of an item.

    ``body`` is ``{"operations": [{"op", "path", "value" or "from"}], "condition": "FROM c WHERE …"}``.
    400 for an operation that does not apply, 412 when the condition does not hold.
    """
    operations = body.get("operations")
    if not isinstance(operations, list) or not operations:
        raise bad_request("A patch needs a list of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise bad_request(f"The number of patch operations can't exceed {MAX_OPERATIONS}.")
    if body.get("condition") is not None:
        _check_condition(item, body["condition"])
    patched = copy.deepcopy(item)
    for place, operation in enumerate(operations):
        if not isinstance(operation, dict):
            raise bad_request(f"For operation({place + 1}): it must be an object.")
        try:
            _apply(patched, operation, key_path)
        except _Unfit as error:
            raise bad_request(f"For Operation({place + 1}): {error}") from None
    return patched


class _Unfit(Exception):
    """An operation that does not fit the item."""


def _check_condition(item: dict[str, Any], condition: object) -> None:
    if not isinstance(condition, str):
        raise bad_request("The condition of a patch must be text.")
    text = condition.strip()
    shape = compile_query(parse(text if text[:6].upper() == "SELECT" else f"SELECT * {text}"), {})
    if not any(True for _ in shape.rows((item,))):
        raise Refusal(412, "The patch condition is not met by the item.", 1110)


def _apply(item: dict[str, Any], operation: dict[str, Any], key_path: Steps) -> None:
    kind = str(operation.get("op", "")).lower()
    steps = _steps(operation.get("path"), key_path)
    if kind == "move":
        origin = _steps(operation.get("from"), key_path)
        if steps[: len(origin)] == origin and steps != origin:
            raise _Unfit("the path of a move lies inside its 'from'.")
        value = _take(item, origin)
        _put(item, steps, value, add=True)
        return
    if kind == "remove":
        _take(item, steps)
        return
    if kind not in ("add", "set", "replace", "incr"):
        raise _Unfit(f"'{operation.get('op')}' is no patch operation.")
    if "value" not in operation:
        raise _Unfit("'value' is missing.")
    if kind == "incr":
        _increment(item, steps, operation["value"])
    elif kind == "replace":
        _replace(item, steps, operation["value"])
    else:
        _put(item, steps, operation["value"], add=kind == "add")


def _steps(path: object, key_path: Steps) -> list[str]:
    if not isinstance(path, str) or not path.startswith("/") or path == "/":
        raise _Unfit(f"the path {path!r} is not valid: it starts with '/' and names a property.")
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
    if steps[0] in SYSTEM or tuple(steps) == key_path[: len(steps)]:
        raise _Unfit(
            f"the property at '{path}' is a system property or the partition key and cannot be patched."
        )
    return steps


def _parent(item: dict[str, Any], steps: list[str]) -> Any:
    node: Any = item
    for step in steps[:-1]:
        if isinstance(node, dict) and step in node:
            node = node[step]
        elif isinstance(node, list):
            node = node[_index(node, step, len(node) - 1)]
        else:
            raise _Unfit(f"the path '/{'/'.join(steps)}' does not exist: '{step}' is missing.")
    if not isinstance(node, (dict, list)):
        raise _Unfit(f"the path '/{'/'.join(steps)}' does not exist: its parent holds no properties.")
    return node


def _index(array: list[Any], step: str, last: int) -> int:
    if not step.isascii() or not step.isdigit() or int(step) > last:
        raise _Unfit(f"the array index '{step}' is out of bounds (the array has {len(array)} elements).")
    return int(step)


def _put(item: dict[str, Any], steps: list[str], value: Any, *, add: bool) -> None:
    """``add`` inserts into an array where ``set`` replaces the element; both append at '-' and at the end."""
    node, step = _parent(item, steps), steps[-1]
    if isinstance(node, dict):
        node[step] = value
    elif step == "-":
        node.append(value)
    else:
        at = _index(node, step, len(node))
        node[at : at if add else at + 1] = [value]


def _existing(item: dict[str, Any], steps: list[str]) -> tuple[Any, Any]:
    node, step = _parent(item, steps), steps[-1]
    if isinstance(node, list):
        return node, _index(node, step, len(node) - 1)
    if step not in node:
        raise _Unfit(f"the path '/{'/'.join(steps)}' does not exist.")
    return node, step


def _replace(item: dict[str, Any], steps: list[str], value: Any) -> None:
    node, key = _existing(item, steps)
    node[key] = value


def _take(item: dict[str, Any], steps: list[str]) -> Any:
    node, key = _existing(item, steps)
    value = node[key]
    del node[key]
    return value


def _increment(item: dict[str, Any], steps: list[str], by: Any) -> None:
    if isinstance(by, bool) or not isinstance(by, (int, float)):
        raise _Unfit("'incr' takes a number.")
    node = _parent(item, steps)
    if isinstance(node, dict) and steps[-1] not in node:
        node[steps[-1]] = by
        return
    node, key = _existing(item, steps)
    if isinstance(node[key], bool) or not isinstance(node[key], (int, float)):
        raise _Unfit(f"the value at '/{'/'.join(steps)}' is not a number.")
    node[key] += by
