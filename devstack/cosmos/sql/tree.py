"""The tree of a query. Nodes are frozen, so equal text gives equal trees (GROUP BY relies on it)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; ``kind`` keeps true apart from 1 when trees are compared."""

    value: str | int | float | bool | None
    kind: str


@dataclass(frozen=True, slots=True)
class UndefinedLiteral:
    """The word ``undefined``."""


@dataclass(frozen=True, slots=True)
class ResumeFilter:
    """The place in a planned ORDER BY for the filter that a client resumes with, or ``true``."""


@dataclass(frozen=True, slots=True)
class Param:
    """``@name``, with its @."""

    name: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the FROM clause."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """``base.key``, ``base["key"]`` or ``base[0]``, or any other computed key."""

    base: "Expr"
    key: "Expr"


@dataclass(frozen=True, slots=True)
class Unary:
    """``-``, ``+``, ``~`` or ``NOT``."""

    op: str
    operand: "Expr"


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, bits, comparison, ``||``, ``??``, AND, OR."""

    op: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class Between:
    """``operand BETWEEN low AND high``."""

    operand: "Expr"
    low: "Expr"
    high: "Expr"


@dataclass(frozen=True, slots=True)
class In:
    """``operand IN (choices)``."""

    operand: "Expr"
    choices: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Like:
    """``operand LIKE pattern ESCAPE escape``."""

    operand: "Expr"
    pattern: "Expr"
    escape: str | None


@dataclass(frozen=True, slots=True)
class Conditional:
    """``test ? yes : no``."""

    test: "Expr"
    yes: "Expr"
    no: "Expr"


@dataclass(frozen=True, slots=True)
class Call:
    """A built-in function or aggregate; ``name`` in capitals."""

    name: str
    arguments: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """``[a, b]``."""

    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """``{"a": 1}``."""

    items: tuple[tuple[str, "Expr"], ...]


@dataclass(frozen=True, slots=True)
class Subquery:
    """``(SELECT VALUE …)``, ``EXISTS(…)`` or ``ARRAY(…)``: ``kind`` is scalar, EXISTS or ARRAY."""

    kind: str
    query: "Query"


type Expr = (
    Literal | UndefinedLiteral | ResumeFilter | Param | Name | Member | Unary | Binary | Between | In | Like
    | Conditional | Call | ArrayOf | ObjectOf | Subquery
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One FROM or JOIN item. ``each`` iterates the elements of an array (IN, or a subquery's rows)."""

    alias: str
    origin: "Expr | Query"
    each: bool


@dataclass(frozen=True, slots=True)
class Order:
    """One key of ORDER BY."""

    expr: Expr
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """``star``: SELECT *; ``value``: SELECT VALUE (one column); columns are (expression, name or None)."""

    columns: tuple[tuple[Expr, str | None], ...]
    star: bool
    value: bool
    distinct: bool
    top: Expr | None
    sources: tuple[Source, ...]
    where: Expr | None
    group: tuple[Expr, ...]
    order: tuple[Order, ...]
    offset: Expr | None
    limit: Expr | None
