"""Runs a compiled query over the items of one slice of a container, one page at a time.

A page ends with a cursor that names its last row by values (item, row within the item, sort keys), never by a
count of rows: what is written between two pages neither repeats nor hides a row that did not move.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from devstack.cosmos.sql.resume import Keys, Mark, compare, in_order
from devstack.cosmos.sql.shape import Shape, grouped
from devstack.cosmos.sql.values import UNDEFINED, identity, sort_key

MAX_PAGE_BYTES = 4 * 1024 * 1024

type Item = tuple[int, bytes]  # (creation order, JSON)
type Keyed = tuple[Keys, Mark, Any]  # (sort keys, mark, row)


@dataclass(slots=True)
class Cursor:
    """Where the next page starts: after the row ``mark`` with these sort ``keys``; what LIMIT left."""

    mark: Mark
    keys: Keys
    offset: int
    limit: int | None

    def to_json(self) -> list[Any]:
        """As JSON."""
        return [*self.mark, self.keys, self.offset, self.limit]

    @classmethod
    def from_json(cls, data: list[Any]) -> "Cursor":
        """The inverse; ValueError for what :meth:`to_json` never makes."""
        seq, place, keys, offset, limit = data
        if not all(isinstance(one, int) for one in (seq, place, offset)) or not isinstance(keys, list):
            raise ValueError("not a cursor")
        return cls((seq, place), _tuples(keys), offset, limit)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


def starting(shape: Shape) -> Cursor:
    """The cursor of the first page."""
    return Cursor((-1, 0), (), shape.offset, shape.limit)


def needs_all(shape: Shape) -> bool:
    """Whether a later page must read the items before its cursor again."""
    return bool(shape.orders) or shape.distinct or shape.grouping is not None


def page(shape: Shape, items: Iterable[Item], cursor: Cursor, most: int) -> tuple[list[bytes], Cursor | None]:
    """Up to ``most`` results as JSON, and the cursor of the next page or None at the end."""
    results: list[bytes] = []
    size = 0
    offset, limit = cursor.offset, cursor.limit
    last = cursor.keys, cursor.mark
    for keys, mark, encoded in _remaining(shape, items, cursor):
        if limit == 0:
            return results, None
        if len(results) == most or size > MAX_PAGE_BYTES:
            return results, Cursor(last[1], last[0], offset, limit)
        last = (keys, mark)
        if offset:
            offset -= 1
            continue
        results.append(encoded)
        size += len(encoded)
        limit = None if limit is None else limit - 1
    return results, None


def _remaining(shape: Shape, items: Iterable[Item], cursor: Cursor) -> Iterator[tuple[Keys, Mark, bytes]]:
    """(sort keys, mark, JSON) of every result after the cursor; DISTINCT remembers those before it too."""
    seen: set[Any] = set()
    after = _after(shape, cursor)
    for keys, mark, row in _ordered(shape, items):
        done = not after(keys, mark)
        if done and not shape.distinct:
            continue
        value, encoded = _project(shape, row)
        if value is UNDEFINED:
            continue
        if shape.distinct:
            name = identity(value)
            done = done or name in seen
            seen.add(name)
        if not done:
            yield keys, mark, encoded


def _project(shape: Shape, row: Any) -> tuple[Any, bytes]:
    if isinstance(row, _Whole):
        return (row.item if shape.distinct else None), row.body
    value = shape.project(row)
    return value, b"" if value is UNDEFINED else orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


@dataclass(slots=True)
class _Whole:
    """A row of SELECT * over items: their own text is the answer."""

    item: dict[str, Any]
    body: bytes


def _marked(shape: Shape, items: Iterable[Item]) -> Iterator[tuple[Mark, Any]]:
    for seq, body in items:
        item = orjson.loads(body)
        for place, row in enumerate(shape.rows((item,))):
            yield (seq, place), row


def _ordered(shape: Shape, items: Iterable[Item]) -> Iterable[Keyed]:
    if shape.grouping is not None:
        return [((), mark, row) for mark, row in _groups(shape, items)]
    if not shape.orders:
        return _plain(shape, items)
    rows: list[Keyed] = []
    for mark, row in _marked(shape, items):
        rows.append((tuple(sort_key(evaluate(row)) for evaluate, _ in shape.orders), mark, row))
    descending = [down for _, down in shape.orders]
    rows.sort(key=lambda one: in_order(one[1], descending))
    for place in range(len(shape.orders) - 1, -1, -1):
        rows.sort(key=lambda one: one[0][place], reverse=shape.orders[place][1])
    return rows


def _plain(shape: Shape, items: Iterable[Item]) -> Iterator[Keyed]:
    if not (shape.star and not shape.expanders):
        for mark, row in _marked(shape, items):
            yield (), mark, row
        return
    where = shape.where
    for seq, body in items:
        if where is None and not shape.distinct:
            yield (), (seq, 0), _Whole({}, body)
            continue
        item = orjson.loads(body)
        if where is None or where((item,)) is True:
            yield (), (seq, 0), _Whole(item, body)


def _groups(shape: Shape, items: Iterable[Item]) -> list[tuple[Mark, Any]]:
    assert shape.grouping is not None
    return grouped(shape.grouping, _marked(shape, items), (0, 0))


def _after(shape: Shape, cursor: Cursor) -> Callable[[Keys, Mark], bool]:
    """Whether a row belongs to the rest; of a cursor and a resume filter, the later place holds."""
    descending = [down for _, down in shape.orders]
    tests: list[Callable[[Keys, Mark], bool]] = []
    if cursor.mark[0] >= 0:
        tests.append(functools.partial(_later, descending, cursor))
    if (resume := shape.resume) is not None:
        tests.append(lambda keys, mark: resume.admits(keys, mark, descending))
    if len(tests) < 2:
        return tests[0] if tests else lambda _, __: True
    return lambda keys, mark: all(test(keys, mark) for test in tests)


def _later(descending: list[bool], cursor: Cursor, keys: Keys, mark: Mark) -> bool:
    if not descending:
        return mark > cursor.mark
    sign = compare(keys, cursor.keys, descending)
    return sign > 0 or (sign == 0 and in_order(mark, descending) > in_order(cursor.mark, descending))
