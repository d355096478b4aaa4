"""A compiled query: how one item becomes rows, which rows stay, and what each row or group returns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devstack.cosmos.errors import Refusal, bad_request, syntax_error
from devstack.cosmos.sql import tree
from devstack.cosmos.sql.aggregates import Accumulator, accumulator
from devstack.cosmos.sql.compiler import AGGREGATES, Evaluate, Row, Scope, compile_expression
from devstack.cosmos.sql.functions import FUNCTIONS, Function
from devstack.cosmos.sql.resume import Resume
from devstack.cosmos.sql.values import UNDEFINED, identity
from devstack.cosmos.sql.walk import calls

type Expander = Callable[[Row], Iterable[Any]]


@dataclass(slots=True)
class Grouping:
    """The keys of GROUP BY and the aggregates, each an argument's closure and a factory of accumulators."""

    keys: list[Evaluate] = field(default_factory=list)
    aggregates: list[tuple[Evaluate, Callable[[], Accumulator]]] = field(default_factory=list)


@dataclass(slots=True)
class Shape:
    """All closures of one query. ``project`` takes a row, or with ``grouping`` the row of a group."""

    expanders: list[Expander]
    where: Evaluate | None
    project: Evaluate
    star: bool
    grouping: Grouping | None
    orders: list[tuple[Evaluate, bool]]
    distinct: bool
    offset: int
    limit: int | None
    resume: Resume | None = None

    def rows(self, start: Row) -> Iterator[Row]:
        """The rows of one item (or of an outer row) that the filter keeps."""
        rows: Iterable[Row] = (start,)
        for expand in self.expanders:
            rows = _widen(rows, expand)
        where = self.where
        return iter(rows) if where is None else (row for row in rows if where(row) is True)

    def results(self, start: Row) -> list[Any]:
        """All values a subquery returns for an outer row."""
        rows = list(self.rows(start))
        if self.grouping is not None:
            rows = [row for _, row in grouped(self.grouping, ((None, row) for row in rows), None)]
        values = [value for row in rows if (value := self.project(row)) is not UNDEFINED]
        if self.distinct:
            values = list({identity(value): value for value in reversed(values)}.values())[::-1]
        end = None if self.limit is None else self.offset + self.limit
        return values[self.offset : end]


def _widen(rows: Iterable[Row], expand: Expander) -> Iterator[Row]:
    for row in rows:
        for value in expand(row):
            yield (*row, value)


def grouped[Mark](
    grouping: Grouping, rows: Iterable[tuple[Mark, Row]], nowhere: Mark
) -> list[tuple[Mark, Row]]:
    """(mark of its first row, keys and aggregates) of each group, in the order of first appearance.

    Aggregates without keys have one group even of no rows; its mark is ``nowhere``.
    """
    groups: dict[Any, tuple[Mark, Row, list[Accumulator]]] = {}
    if not grouping.keys:
        groups[()] = (nowhere, (), [make() for _, make in grouping.aggregates])
    for mark, row in rows:
        keys = tuple(key(row) for key in grouping.keys)
        name = tuple(map(identity, keys))
        if name not in groups:
            groups[name] = (mark, keys, [make() for _, make in grouping.aggregates])
        for (argument, _), one in zip(grouping.aggregates, groups[name][2], strict=True):
            one.add(argument(row))
    return [(mark, (*keys, *(one.result() for one in ones))) for mark, keys, ones in groups.values()]


def compile_query(
    query: tree.Query, parameters: Mapping[str, Any], functions: Mapping[str, Function] = FUNCTIONS
) -> Shape:
    """The shape of a query over a container; place 0 of a row is the item."""
    if not query.sources:
        raise syntax_error("A query over a container needs a FROM clause.")
    scope = Scope(
        {}, parameters, lambda outer, inner: _compile(inner, outer.inner(), None).results, functions
    )
    return _compile(query, scope, _root_name(query.sources[0]))


def _root_name(source: tree.Source) -> str:
    origin = source.origin
    while isinstance(origin, tree.Member):
        origin = origin.base
    if not isinstance(origin, tree.Name):
        raise syntax_error("FROM must start at the container: a subquery is not supported there.")
    return origin.name


def _compile(query: tree.Query, scope: Scope, root: str | None) -> Shape:
    expanders = _sources(query, scope, root)
    where = None if query.where is None else compile_expression(query.where, scope)
    if root is None and query.order:
        raise syntax_error("ORDER BY is not supported in a subquery.")
    orders = [(compile_expression(one.expr, scope), one.descending) for one in query.order]
    grouping, columns = _grouping(query, scope)
    if grouping is not None and query.order:
        raise bad_request("ORDER BY cannot be combined with GROUP BY or aggregates.")
    limit = query.limit if query.top is None else query.top
    return Shape(
        expanders, where, _projection(query, columns, scope), query.star, grouping, orders, query.distinct,
        _count(query.offset, scope) or 0, _count(limit, scope),
    )  # fmt: skip


def _count(expr: tree.Expr | None, scope: Scope) -> int | None:
    if expr is None:
        return None
    value = compile_expression(expr, scope)(())
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise syntax_error("TOP, OFFSET and LIMIT take a whole number of at least 0.")
    return value


def _sources(query: tree.Query, scope: Scope, root: str | None) -> list[Expander]:
    found: list[Expander] = []
    width = scope.width
    for place, source in enumerate(query.sources):
        if place == 0 and root is not None:
            scope.names[root] = 0
            width = 1
            if isinstance(source.origin, tree.Name) and not source.each:
                del scope.names[root]
                scope.names[source.alias] = 0
                continue
        expand = _expander(source, scope)
        if place == 0 and root is not None and source.alias != root:
            del scope.names[root]
        if place and source.alias in scope.names:
            raise syntax_error(
                f"The input alias '{source.alias}' is specified more than once in the FROM clause."
            )
        scope.names[source.alias] = width
        width += 1
        found.append(expand)
    return found


def _expander(source: tree.Source, scope: Scope) -> Expander:
    if isinstance(source.origin, tree.Query):
        return scope.subqueries(scope, source.origin)
    origin = compile_expression(source.origin, scope)
    if source.each:

        def elements(row: Row) -> Iterable[Any]:
            value = origin(row)
            return value if type(value) is list else ()

        return elements

    def single(row: Row) -> Iterable[Any]:
        value = origin(row)
        return () if value is UNDEFINED else (value,)

    return single


def _grouping(query: tree.Query, scope: Scope) -> tuple[Grouping | None, Scope]:
    """The grouping and the scope in which the columns are compiled."""
    wanted = [one for expr, _ in query.columns for one in calls(expr) if one.name in AGGREGATES]
    if not wanted and not query.group:
        return None, scope
    if query.star:
        raise bad_request("'SELECT *' cannot be used with GROUP BY.")
    grouping, columns = Grouping(), Grouped({}, scope.parameters, scope.subqueries, scope.functions)
    for expr in query.group:
        columns.computed.setdefault(expr, len(grouping.keys))
        grouping.keys.append(compile_expression(expr, scope))
    for call in dict.fromkeys(wanted):
        if len(call.arguments) != 1:
            raise syntax_error(f"The {call.name} aggregate takes one argument.")
        columns.computed[call] = len(grouping.keys) + len(grouping.aggregates)
        grouping.aggregates.append((compile_expression(call.arguments[0], scope), accumulator(call.name)))
    return grouping, columns


class Grouped(Scope):
    """The scope of a group's columns: only its keys and aggregates have values."""


def _projection(query: tree.Query, columns: Scope, scope: Scope) -> Evaluate:
    if query.star:
        if len(query.sources) != 1:
            raise bad_request("'SELECT *' is only valid with a single input set.")
        place = scope.names[query.sources[0].alias]
        return lambda row: row[place]
    try:
        made = [(expr, alias, compile_expression(expr, columns)) for expr, alias in query.columns]
    except Refusal as error:
        if isinstance(columns, Grouped) and "could not be resolved" in error.message:
            raise bad_request(
                "A property reference is invalid in the select list because it is neither in an aggregate "
                "function nor in the GROUP BY clause."
            ) from None
        raise
    if query.value:
        return made[0][2]
    named = column_names([(expr, alias) for expr, alias, _ in made])
    pairs = list(zip(named, [evaluate for _, _, evaluate in made], strict=True))
    return lambda row: {name: value for name, one in pairs if (value := one(row)) is not UNDEFINED}


def column_names(columns: Sequence[tuple[tree.Expr, str | None]]) -> list[str]:
    """The property of the result that each column becomes: its alias, its last step, or ``$1``, ``$2``…"""
    names: list[str] = []
    unnamed = 0
    for expr, alias in columns:
        if alias is None and isinstance(expr, tree.Member) and isinstance(expr.key, tree.Literal):
            alias = expr.key.value if isinstance(expr.key.value, str) else None
        elif alias is None and isinstance(expr, tree.Name):
            alias = expr.name
        if alias is None:
            unnamed += 1
            alias = f"${unnamed}"
        if alias in names:
            raise syntax_error(
                f"The property name '{alias}' is specified more than once in the SELECT clause."
            )
        names.append(alias)
    return names
