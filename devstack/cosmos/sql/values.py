"""JSON values as the query language sees them: undefined, types, equality, order.

Undefined is a value of its own. Equality across types is false (and ``!=`` true), as in Microsoft's published
offline engine; the reference page calls it undefined, so portable queries use IS_DEFINED and the type checks.
"""

from typing import Any, Final

from devstack.cosmos.sql.hashing import hash_text, hashed


class Undefined:
    """What a missing property, a failed type check and a division by zero evaluate to."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        raise TypeError("undefined has no truth value: compare with `is True`")


UNDEFINED: Final = Undefined()

# The order of types in ORDER BY and MIN/MAX.
RANKS: Final[dict[type, int]] = {
    Undefined: 0, type(None): 1, bool: 2, int: 4, float: 4, str: 5, list: 6, dict: 7,
}  # fmt: skip
NAMES: Final = {0: "undefined", 1: "null", 2: "boolean", 4: "number", 5: "string", 6: "array", 7: "object"}


def rank(value: object) -> int:
    """The place of the value's type in the order of types."""
    return RANKS[type(value)]


def equal(left: object, right: object) -> bool:
    """Deep equality of two defined values: 1 equals 1.0, true does not equal 1."""
    kind = RANKS[type(left)]
    if kind != RANKS[type(right)]:
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return left == right


def sort_key(value: object) -> tuple[Any, ...]:
    """A key that sorts values of any type: undefined, null, booleans, numbers, strings, arrays, objects.

    Arrays are sorted by their hash, and so are objects: that is how clients merge and resume them.
    """
    kind = RANKS[type(value)]
    if kind in (0, 1):
        return (kind,)
    if kind > 5:
        return (kind, hash_text(hashed(value)))
    return (kind, value)


def identity(value: object) -> Any:
    """A hashable stand-in, equal exactly for equal values: what DISTINCT and GROUP BY compare."""
    if isinstance(value, list):
        return (6, tuple(identity(one) for one in value))
    if isinstance(value, dict):
        return (7, frozenset((name, identity(one)) for name, one in value.items()))
    return (RANKS[type(value)], None if value is UNDEFINED else value)
