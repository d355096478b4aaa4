"""Tree of an expression → a closure over one row.

A row is a tuple with a place for each name of the FROM clause (subqueries add theirs at the end). Logic has
three values: true, false and undefined; whatever is not a boolean counts as undefined.
"""

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from devstack.cosmos.errors import Refusal, syntax_error
from devstack.cosmos.sql import tree
from devstack.cosmos.sql.functions import FUNCTIONS, Function, integer
from devstack.cosmos.sql.values import RANKS, UNDEFINED, equal

type Row = tuple[Any, ...]
type Evaluate = Callable[[Row], Any]
type SubqueryCompiler = Callable[["Scope", tree.Query], Callable[[Row], list[Any]]]

AGGREGATES: Final = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX", "COUNTIF"})


class Scope:
    """What the names and parameters of a query mean while it is compiled."""

    def __init__(
        self,
        names: Mapping[str, int],
        parameters: Mapping[str, Any],
        subqueries: SubqueryCompiler,
        functions: Mapping[str, Function] = FUNCTIONS,
    ) -> None:
        self.names = dict(names)
        self.parameters = parameters
        self.subqueries = subqueries
        self.functions = functions
        # A tree that has been computed already (a group key or an aggregate) and the place of its value.
        self.computed: dict[tree.Expr, int] = {}

    def inner(self) -> "Scope":
        """A scope that sees everything of this one and can add names."""
        child = Scope(self.names, self.parameters, self.subqueries, self.functions)
        child.computed = dict(self.computed)
        return child

    @property
    def width(self) -> int:
        """How many places a row has."""
        return max([-1, *self.names.values(), *self.computed.values()]) + 1


def compile_expression(expr: tree.Expr, scope: Scope) -> Evaluate:
    """The closure that evaluates ``expr``; 400 for unknown names, parameters and functions."""
    if expr in scope.computed:
        return operator.itemgetter(scope.computed[expr])
    return BUILDERS[type(expr)](expr, scope)


def _constant(value: Any) -> Evaluate:
    return lambda _: value


def _literal(expr: tree.Literal, _: Scope) -> Evaluate:
    return _constant(expr.value)


def _undefined(_: tree.UndefinedLiteral, __: Scope) -> Evaluate:
    return _constant(UNDEFINED)


def _param(expr: tree.Param, scope: Scope) -> Evaluate:
    if expr.name not in scope.parameters:
        raise syntax_error(f"Parameter '{expr.name}' has no value.")
    return _constant(scope.parameters[expr.name])


def _name(expr: tree.Name, scope: Scope) -> Evaluate:
    if expr.name not in scope.names:
        raise syntax_error(f"Identifier '{expr.name}' could not be resolved.")
    return operator.itemgetter(scope.names[expr.name])


def _member(expr: tree.Member, scope: Scope) -> Evaluate:
    base = compile_expression(expr.base, scope)
    if isinstance(expr.key, tree.Literal) and isinstance(expr.key.value, str):
        name = expr.key.value

        def named(row: Row) -> Any:
            value = base(row)
            return value.get(name, UNDEFINED) if type(value) is dict else UNDEFINED

        return named
    key = compile_expression(expr.key, scope)
    return lambda row: member(base(row), key(row))


def member(value: Any, key: Any) -> Any:
    """``value[key]``; undefined where there is nothing."""
    if type(value) is dict and type(key) is str:
        return value.get(key, UNDEFINED)
    if type(value) is list:
        index = integer(key)
        if index is not None and 0 <= index < len(value):
            return value[index]
    return UNDEFINED


def _unary(expr: tree.Unary, scope: Scope) -> Evaluate:
    operand = compile_expression(expr.operand, scope)
    if expr.op == "NOT":

        def negate(row: Row) -> Any:
            value = operand(row)
            return UNDEFINED if type(value) is not bool else not value

        return negate
    signs: dict[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos, "~": lambda v: ~int(v)}
    apply = signs[expr.op]

    def numeric(row: Row) -> Any:
        value = operand(row)
        return apply(value) if RANKS[type(value)] == 4 else UNDEFINED

    return numeric


def _binary(expr: tree.Binary, scope: Scope) -> Evaluate:
    left, right = compile_expression(expr.left, scope), compile_expression(expr.right, scope)
    if expr.op in ("AND", "OR"):
        return _logic(left, right, decisive=expr.op == "OR")
    if expr.op == "??":

        def coalesce(row: Row) -> Any:
            value = left(row)
            return right(row) if value is UNDEFINED else value

        return coalesce
    apply = OPERATORS[expr.op]
    return lambda row: apply(left(row), right(row))


def _logic(left: Evaluate, right: Evaluate, decisive: bool) -> Evaluate:
    def evaluate(row: Row) -> Any:
        one = left(row)
        if one is decisive:
            return decisive
        other = right(row)
        if other is decisive:
            return decisive
        return (not decisive) if type(one) is bool and type(other) is bool else UNDEFINED

    return evaluate


def equals(left: Any, right: Any) -> Any:
    """``=``: undefined if either side is."""
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    return equal(left, right)


def _differs(left: Any, right: Any) -> Any:
    same = equals(left, right)
    return same if same is UNDEFINED else not same


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        kind = RANKS[type(left)]
        if kind != RANKS[type(right)] or kind in (0, 6, 7):
            return UNDEFINED
        return compare(0, 0) if kind == 1 else compare(left, right)

    return apply


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        if RANKS[type(left)] != 4 or RANKS[type(right)] != 4:
            return UNDEFINED
        try:
            return compute(left, right)
        except (ZeroDivisionError, OverflowError):
            return UNDEFINED

    return apply


def _remainder(left: float, right: float) -> float:
    result = abs(left) % abs(right)
    return -result if left < 0 else result


def _divide(left: float, right: float) -> float:
    exact = left / right
    return int(exact) if exact.is_integer() and abs(exact) < 2**53 else exact


def _bits(compute: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        one, other = integer(left), integer(right)
        if one is None or other is None:
            return UNDEFINED
        value = compute(one, other) & 0xFFFFFFFF
        return value - (1 << 32) if value & 0x80000000 else value

    return apply


def _concat(left: Any, right: Any) -> Any:
    return left + right if type(left) is str and type(right) is str else UNDEFINED


OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": equals, "!=": _differs, "||": _concat,
    "<": _ordered(operator.lt), "<=": _ordered(operator.le),
    ">": _ordered(operator.gt), ">=": _ordered(operator.ge),
    "+": _arithmetic(operator.add), "-": _arithmetic(operator.sub), "*": _arithmetic(operator.mul),
    "/": _arithmetic(_divide), "%": _arithmetic(_remainder),
    "&": _bits(operator.and_), "|": _bits(operator.or_), "^": _bits(operator.xor),
    "<<": _bits(lambda a, b: a << (b & 31)), ">>": _bits(lambda a, b: a >> (b & 31)),
    ">>>": _bits(lambda a, b: (a & 0xFFFFFFFF) >> (b & 31)),
}  # fmt: skip


def _between(expr: tree.Between, scope: Scope) -> Evaluate:
    low = tree.Binary(">=", expr.operand, expr.low)
    return compile_expression(tree.Binary("AND", low, tree.Binary("<=", expr.operand, expr.high)), scope)


def _in(expr: tree.In, scope: Scope) -> Evaluate:
    operand = compile_expression(expr.operand, scope)
    choices = [compile_expression(one, scope) for one in expr.choices]

    def evaluate(row: Row) -> Any:
        value = operand(row)
        if value is UNDEFINED:
            return UNDEFINED
        found = [equals(value, choice(row)) for choice in choices]
        return True if True in found else UNDEFINED if UNDEFINED in found else False

    return evaluate


@lru_cache(maxsize=1024)
def like_pattern(pattern: str, escape: str | None) -> re.Pattern[str]:
    """The regular expression of a LIKE pattern: ``%``, ``_``, ``[a-z]``, ``[^a-z]`` and the escape."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        end = pattern.find("]", at + 2)
        if char == escape and at + 1 < len(pattern):
            at += 1
            parts.append(re.escape(pattern[at]))
        elif char == "[" and end > 0:
            inside = pattern[at + 1 : end]
            negated = inside.startswith("^")
            kept = re.sub(r"([\\\[&~|^])", r"\\\1", inside[negated:])
            parts.append(f"[{'^' if negated else ''}{kept}]")
            at = end
        else:
            parts.append({"%": ".*", "_": "."}.get(char) or re.escape(char))
        at += 1
    return re.compile("".join(parts), re.DOTALL)


def _like(expr: tree.Like, scope: Scope) -> Evaluate:
    operand, pattern = compile_expression(expr.operand, scope), compile_expression(expr.pattern, scope)
    escape = expr.escape

    def evaluate(row: Row) -> Any:
        value, form = operand(row), pattern(row)
        if type(value) is not str or type(form) is not str:
            return UNDEFINED
        return like_pattern(form, escape).fullmatch(value) is not None

    return evaluate


def _conditional(expr: tree.Conditional, scope: Scope) -> Evaluate:
    test, yes, no = (compile_expression(one, scope) for one in (expr.test, expr.yes, expr.no))
    return lambda row: yes(row) if test(row) is True else no(row)


def _call(expr: tree.Call, scope: Scope) -> Evaluate:
    if expr.name in AGGREGATES:
        raise Refusal(400, f"Aggregate {expr.name} is not allowed here: it belongs in the select list.")
    function = scope.functions.get(expr.name)
    if function is None:
        raise syntax_error(f"'{expr.name}' is not a recognized built-in function name.")
    if not function.least <= len(expr.arguments) <= function.most:
        raise syntax_error(
            f"The {expr.name} function takes {function.least} to {function.most} arguments, "
            f"not {len(expr.arguments)}."
        )
    arguments = [compile_expression(one, scope) for one in expr.arguments]
    apply = function.apply
    if len(arguments) == 1:
        only = arguments[0]
        return lambda row: apply(only(row))
    return lambda row: apply(*[one(row) for one in arguments])


def _array(expr: tree.ArrayOf, scope: Scope) -> Evaluate:
    items = [compile_expression(one, scope) for one in expr.items]
    return lambda row: [value for one in items if (value := one(row)) is not UNDEFINED]


def _object(expr: tree.ObjectOf, scope: Scope) -> Evaluate:
    items = [(name, compile_expression(one, scope)) for name, one in expr.items]
    return lambda row: {name: value for name, one in items if (value := one(row)) is not UNDEFINED}


def _subquery(expr: tree.Subquery, scope: Scope) -> Evaluate:
    if expr.kind != "EXISTS" and not expr.query.value and expr.kind == "ARRAY":
        raise syntax_error("ARRAY needs SELECT VALUE in its subquery.")
    rows = scope.subqueries(scope, expr.query)
    if expr.kind == "EXISTS":
        return lambda row: bool(rows(row))
    if expr.kind == "ARRAY":
        return rows

    def scalar(row: Row) -> Any:
        found = rows(row)
        if len(found) > 1:
            raise Refusal(400, "The cardinality of a scalar subquery result set cannot be greater than one.")
        return found[0] if found else UNDEFINED

    return scalar


BUILDERS: Final[dict[type, Callable[[Any, Scope], Evaluate]]] = {
    tree.Literal: _literal, tree.UndefinedLiteral: _undefined, tree.Param: _param,
    tree.Name: _name, tree.Member: _member, tree.Unary: _unary, tree.Binary: _binary, tree.Between: _between,
    tree.In: _in, tree.Like: _like, tree.Conditional: _conditional, tree.Call: _call, tree.ArrayOf: _array,
    tree.ObjectOf: _object, tree.Subquery: _subquery,
}  # fmt: skip
