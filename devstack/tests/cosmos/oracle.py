"""A second evaluation of queries, written apart from the server's engine: the two must agree.

A query is a tree of plain tuples. Undefined is an exception here (the engine has a value for it), the order
of types is a comparison function (the engine has sort keys), and nothing is compiled or paged.
"""

import functools
import json
from collections.abc import Callable
from typing import Any

type Node = tuple[Any, ...]
type Item = dict[str, Any]


class Missing(Exception):
    """Undefined."""


KINDS = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
ORDER = ["null", "boolean", "number", "string", "array", "object"]


def kind(value: Any) -> str:
    return "null" if value is None else KINDS[type(value)]


def same(left: Any, right: Any) -> bool:
    """JSON equality by canonical text."""
    return canonical(left) == canonical(right)


def canonical(value: Any) -> str:
    if kind(value) == "number":
        return f"n{float(value)!r}".replace("-0.0", "0.0")
    if kind(value) == "array":
        return "[" + ",".join(canonical(one) for one in value) + "]"
    if kind(value) == "object":
        return "{" + ",".join(f"{json.dumps(name)}:{canonical(value[name])}" for name in sorted(value)) + "}"
    return json.dumps(value)


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1 in ORDER BY; primitives only. ``Missing`` as a class stands for undefined."""
    ranks = [-1 if one is Missing else ORDER.index(kind(one)) for one in (left, right)]
    if ranks[0] != ranks[1]:
        return -1 if ranks[0] < ranks[1] else 1
    if left is Missing or left is None:
        return 0
    return int(left > right) - int(left < right)


def text(node: Node) -> str:
    """The query text of an expression."""
    match node:
        case ("path", *steps):
            return "c" + "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in steps)
        case ("literal", value):
            return json.dumps(value, ensure_ascii=False)
        case ("undefined",):
            return "undefined"
        case ("not", one):
            return f"(NOT {text(one)})"
        case ("in", one, choices):
            return f"({text(one)} IN ({', '.join(map(text, choices))}))"
        case ("between", one, low, high):
            return f"({text(one)} BETWEEN {text(low)} AND {text(high)})"
        case _:
            return longer_text(node)


def longer_text(node: Node) -> str:
    """Subqueries, calls and binary operators."""
    match node:
        case ("if", test, yes, no):
            return f"({text(test)} ? {text(yes)} : {text(no)})"
        case ("exists", value):
            return f"EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = {text(value)})"
        case ("count", value):
            return f"(SELECT VALUE COUNT(1) FROM t IN c.tags WHERE t != {text(value)})"
        case ("call", name, *arguments):
            return f"{name}({', '.join(map(text, arguments))})"
        case (op, left, right):
            return f"({text(left)} {op} {text(right)})"
    raise AssertionError(node)


def evaluate(node: Node, item: Item) -> Any:
    """The value of an expression; raises :class:`Missing` for undefined."""
    match node:
        case ("path", *steps):
            return functools.reduce(step, steps, item)
        case ("literal", value):
            return value
        case ("undefined",):
            raise Missing
        case ("AND" | "OR" as op, left, right):
            return logic(op, attempt(left, item), attempt(right, item))
        case ("not", one):
            return not boolean(evaluate(one, item))
        case ("??", left, right):
            found = attempt(left, item)
            return evaluate(right, item) if found is Missing else found
        case _:
            return evaluate_more(node, item)


def evaluate_more(node: Node, item: Item) -> Any:
    """Membership, ranges, conditions, subqueries."""
    match node:
        case ("in", one, choices):
            return membership(evaluate(one, item), [attempt(choice, item) for choice in choices])
        case ("between", one, low, high):
            return logic("AND", attempt((">=", one, low), item), attempt(("<=", one, high), item))
        case ("if", test, yes, no):
            return evaluate(yes if attempt(test, item) is True else no, item)
        case ("exists", value):
            return count_tags(item, value, same) > 0
        case ("count", value):
            return count_tags(item, value, lambda one, other: not same(one, other))
        case _:
            return evaluate_rest(node, item)


def evaluate_rest(node: Node, item: Item) -> Any:
    """Calls and binary operators."""
    match node:
        case ("call", name, *arguments):
            return call(name, [attempt(one, item) for one in arguments])
        case (op, left, right):
            return operate(op, evaluate(left, item), evaluate(right, item))
    raise AssertionError(node)


def attempt(node: Node, item: Item) -> Any:
    """The value, or the class :class:`Missing`."""
    try:
        return evaluate(node, item)
    except Missing:
        return Missing


def step(value: Any, key: Any) -> Any:
    try:
        if isinstance(key, int) is isinstance(value, list) and isinstance(value, (list, dict)):
            return value[key]
    except (KeyError, IndexError):
        pass
    raise Missing


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Missing
    return value


def logic(op: str, left: Any, right: Any) -> bool:
    decisive = op == "OR"
    sides = [one if isinstance(one, bool) else None for one in (left, right)]
    if decisive in sides:
        return decisive
    if None in sides:
        raise Missing
    return not decisive


def membership(value: Any, choices: list[Any]) -> bool:
    if any(one is not Missing and same(value, one) for one in choices):
        return True
    if Missing in choices:
        raise Missing
    return False


def count_tags(item: Item, value: Node, test: Callable[[Any, Any], bool]) -> int:
    tags, wanted = item.get("tags"), attempt(value, item)
    if not isinstance(tags, list) or wanted is Missing:
        return 0
    return sum(test(one, wanted) for one in tags)


def operate(op: str, left: Any, right: Any) -> Any:
    if op in ("=", "!="):
        return same(left, right) is (op == "=")
    if op == "||":
        return need(left, "string") + need(right, "string")
    if op in ("<", "<=", ">", ">="):
        if kind(left) != kind(right) or kind(left) in ("array", "object"):
            raise Missing
        sign = compare(left, right)
        return {"<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[op]
    one, other = need(left, "number"), need(right, "number")
    if op == "/":
        if other == 0:
            raise Missing
        return one / other
    return {"+": one + other, "-": one - other, "*": one * other}[op]


def need(value: Any, wanted: str) -> Any:
    if value is Missing or kind(value) != wanted:
        raise Missing
    return value


def call(name: str, arguments: list[Any]) -> Any:
    first = arguments[0]
    if name == "IS_DEFINED":
        return first is not Missing
    if name.startswith("IS_"):
        names = {"IS_NULL": "null", "IS_NUMBER": "number", "IS_STRING": "string", "IS_BOOL": "boolean"}
        return (
            first is not Missing
            and kind(first) == {**names, "IS_ARRAY": "array", "IS_OBJECT": "object"}[name]
        )
    if name == "LENGTH":
        return len(need(first, "string"))
    if name == "ARRAY_LENGTH":
        return len(need(first, "array"))
    if name == "ARRAY_CONTAINS":
        if arguments[1] is Missing:
            raise Missing
        return any(same(one, arguments[1]) for one in need(first, "array"))
    one, other = need(first, "string"), need(arguments[1], "string")
    return one.startswith(other) if name == "STARTSWITH" else other in one


def aggregate(name: str, values: list[Any]) -> Any:
    """An aggregate of values among which undefined ones are :class:`Missing`."""
    values = [one for one in values if one is not Missing]
    if name == "COUNT":
        return len(values)
    if name in ("SUM", "AVG"):
        total = sum(need(one, "number") for one in values)
        if name == "SUM":
            return total
        if not values:
            raise Missing
        return total / len(values)
    if not values or any(kind(one) in ("array", "object") for one in values):
        raise Missing
    key = functools.cmp_to_key(compare)
    return min(values, key=key) if name == "MIN" else max(values, key=key)
