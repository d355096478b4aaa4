"""The built-in functions: values to a value; a wrong type gives undefined, never an error."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Final

from devstack.cosmos.errors import bad_request
from devstack.cosmos.sql.dates import DATE_FUNCTIONS
from devstack.cosmos.sql.values import RANKS, UNDEFINED, equal

ANY = 1 << 16


@dataclass(frozen=True, slots=True)
class Function:
    """``apply`` takes between ``least`` and ``most`` values."""

    apply: Callable[..., Any]
    least: int
    most: int


def integer(value: Any) -> int | None:
    """The value as a whole number, or None when it is no whole number."""
    if RANKS[type(value)] != 4:
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value)


def _typed(kinds: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Undefined unless each argument has its kind: string, number, array, boolean, object or any (*)."""
    wanted = [{"s": 5, "n": 4, "a": 6, "b": 2, "o": 7, "*": None}[kind] for kind in kinds]

    def apply(*values: Any) -> Any:
        for value, kind in zip(values, wanted, strict=False):
            if value is UNDEFINED or (kind is not None and RANKS[type(value)] != kind):
                return UNDEFINED
        try:
            return _tidy(compute(*values))
        except (ValueError, OverflowError, ZeroDivisionError):
            return UNDEFINED

    return apply


def _tidy(value: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            return UNDEFINED
        if value.is_integer() and abs(value) < 2**53:
            return int(value)
    return value


def _is(kind: int) -> Callable[[Any], bool]:
    return lambda value: RANKS[type(value)] == kind


def _text_test(test: Callable[[str, str], bool]) -> Callable[..., Any]:
    def compute(text: str, part: str, ignore_case: bool = False) -> bool:
        return test(text.lower(), part.lower()) if ignore_case else test(text, part)

    return _typed("ssb", compute)


def _substring(text: str, start: float, length: float) -> str:
    first = max(0, math.trunc(start))
    return text[first : first + max(0, math.trunc(length))]


def _right(text: str, count: float) -> str:
    return text[max(0, len(text) - math.trunc(count)) :] if count >= 1 else ""


def _index_of(text: str, part: str, start: float = 0) -> int:
    return text.find(part, max(0, math.trunc(start)))


def _concat(*values: Any) -> Any:
    return "".join(values) if all(type(one) is str for one in values) else UNDEFINED


def _replicate(text: str, times: float) -> Any:
    count = math.trunc(times)
    return text * count if 0 <= count * len(text) <= 10000 else UNDEFINED


def _to_string(value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    return value if isinstance(value, str) else _compact(value)


def _compact(value: Any) -> str:
    import orjson

    return orjson.dumps(value).decode()


def _parse(text: Any, wanted: Callable[[Any], bool]) -> Any:
    import orjson

    if type(text) is not str:
        return UNDEFINED
    try:
        value = orjson.loads(text.strip())
    except orjson.JSONDecodeError:
        return UNDEFINED
    return value if wanted(value) else UNDEFINED


@lru_cache(maxsize=256)
def _regex(pattern: str, modifiers: str) -> re.Pattern[str]:
    flags = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
    if not set(modifiers) <= set(flags):
        raise bad_request(f"RegexMatch: modifiers {modifiers!r} are not valid; use m, s, i and x.")
    try:
        return re.compile(pattern, sum((flags[one] for one in set(modifiers)), re.NOFLAG))
    except re.error as error:
        raise bad_request(f"RegexMatch: {pattern!r} is not a valid regular expression: {error}.") from None


def _regex_match(text: str, pattern: str, modifiers: str = "") -> bool:
    return _regex(pattern, modifiers).search(text) is not None


def _round(value: float, digits: float = 0) -> float:
    """Half away from zero; ``digits`` may be negative."""
    step = Decimal(1).scaleb(-math.trunc(digits))
    return float(Decimal(repr(value)).quantize(step, ROUND_HALF_UP)) if abs(value) < 1e15 else value


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _number_bin(value: float, size: float = 1) -> float:
    return math.floor(value / size) * size


def _int_div(left: float, right: float) -> Any:
    one, other = integer(left), integer(right)
    if one is None or other is None or other == 0:
        return UNDEFINED
    return abs(one) // abs(other) * _sign(one) * _sign(other)


def _contains(array: list[Any], wanted: Any, partial: bool = False) -> bool:
    if partial and isinstance(wanted, dict):
        return any(isinstance(one, dict) and _within(wanted, one) for one in array)
    return any(equal(one, wanted) for one in array)


def _within(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    return all(name in found and equal(value, found[name]) for name, value in wanted.items())


def _contains_any(array: Any, *wanted: Any) -> Any:
    if type(array) is not list or UNDEFINED in wanted:
        return UNDEFINED
    return any(_contains(array, one) for one in wanted)


def _contains_all(array: Any, *wanted: Any) -> Any:
    if type(array) is not list or UNDEFINED in wanted:
        return UNDEFINED
    return all(_contains(array, one) for one in wanted)


def _distinct(values: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for one in values:
        if not _contains(kept, one):
            kept.append(one)
    return kept


def _difference(left: list[Any], right: list[Any]) -> list[Any]:
    return _distinct([one for one in left if not _contains(right, one)])


def _slice(values: list[Any], start: float, length: float = ANY) -> list[Any]:
    first = math.trunc(start)
    first = max(0, len(values) + first) if first < 0 else first
    return values[first : first + max(0, math.trunc(length))]


def _concat_arrays(*arrays: Any) -> Any:
    if any(type(one) is not list for one in arrays):
        return UNDEFINED
    return [value for array in arrays for value in array]


def _choose(index: float, *values: Any) -> Any:
    place = integer(index)
    return values[place - 1] if place is not None and 1 <= place <= len(values) else UNDEFINED


def _iif(test: Any, yes: Any, no: Any) -> Any:
    return yes if test is True else no


def _is_integer(value: Any) -> bool:
    return integer(value) is not None


def _log(value: float, base: float = math.e) -> float:
    return math.log(value) / math.log(base) if base != math.e else math.log(value)


TYPES: Final[Mapping[str, Function]] = {
    "IS_DEFINED": Function(lambda value: value is not UNDEFINED, 1, 1),
    "IS_NULL": Function(_is(1), 1, 1), "IS_BOOL": Function(_is(2), 1, 1),
    "IS_BOOLEAN": Function(_is(2), 1, 1),  # so the .NET client writes it, where it resumes by a filter
    "IS_NUMBER": Function(_is(4), 1, 1),
    "IS_STRING": Function(_is(5), 1, 1), "IS_ARRAY": Function(_is(6), 1, 1),
    "IS_OBJECT": Function(_is(7), 1, 1),
    "IS_PRIMITIVE": Function(lambda value: RANKS[type(value)] in (1, 2, 4, 5), 1, 1),
    "IS_INTEGER": Function(_is_integer, 1, 1),
    "IS_FINITE_NUMBER": Function(_is(4), 1, 1),
    "TOSTRING": Function(_to_string, 1, 1),
    "STRINGTONUMBER": Function(lambda text: _parse(text, _is(4)), 1, 1),
    "STRINGTOBOOLEAN": Function(lambda text: _parse(text, _is(2)), 1, 1),
    "STRINGTOARRAY": Function(lambda text: _parse(text, _is(6)), 1, 1),
    "STRINGTOOBJECT": Function(lambda text: _parse(text, _is(7)), 1, 1),
    "STRINGTONULL": Function(lambda text: _parse(text, _is(1)), 1, 1),
    "IIF": Function(_iif, 3, 3), "CHOOSE": Function(_choose, 2, ANY),
}  # fmt: skip

STRINGS: Final[Mapping[str, Function]] = {
    "CONCAT": Function(_concat, 2, ANY),
    "CONTAINS": Function(_text_test(lambda text, part: part in text), 2, 3),
    "STARTSWITH": Function(_text_test(str.startswith), 2, 3),
    "ENDSWITH": Function(_text_test(str.endswith), 2, 3),
    "STRINGEQUALS": Function(_text_test(lambda text, part: text == part), 2, 3),
    "REGEXMATCH": Function(_typed("sss", _regex_match), 2, 3),
    "INDEX_OF": Function(_typed("ssn", _index_of), 2, 3),
    "LENGTH": Function(_typed("s", len), 1, 1),
    "LOWER": Function(_typed("s", str.lower), 1, 1), "UPPER": Function(_typed("s", str.upper), 1, 1),
    "LTRIM": Function(_typed("ss", str.lstrip), 1, 2), "RTRIM": Function(_typed("ss", str.rstrip), 1, 2),
    "TRIM": Function(_typed("ss", str.strip), 1, 2),
    "LEFT": Function(_typed("sn", lambda text, n: text[: max(0, math.trunc(n))]), 2, 2),
    "RIGHT": Function(_typed("sn", _right), 2, 2),
    "SUBSTRING": Function(_typed("snn", _substring), 3, 3),
    "REPLACE": Function(_typed("sss", str.replace), 3, 3),
    "REPLICATE": Function(_typed("sn", _replicate), 2, 2),
    "REVERSE": Function(_typed("s", lambda text: text[::-1]), 1, 1),
    "STRINGJOIN": Function(_typed("as", lambda parts, mark: mark.join(parts)
                           if all(type(one) is str for one in parts) else UNDEFINED), 2, 2),
    "STRINGSPLIT": Function(_typed("ss", str.split), 2, 2),
}  # fmt: skip

MATHS: Final[Mapping[str, Function]] = {
    "ABS": Function(_typed("n", abs), 1, 1), "CEILING": Function(_typed("n", math.ceil), 1, 1),
    "FLOOR": Function(_typed("n", math.floor), 1, 1), "ROUND": Function(_typed("nn", _round), 1, 2),
    "TRUNC": Function(_typed("n", math.trunc), 1, 1), "SIGN": Function(_typed("n", _sign), 1, 1),
    "SQRT": Function(_typed("n", math.sqrt), 1, 1), "SQUARE": Function(_typed("n", lambda n: n * n), 1, 1),
    "POWER": Function(_typed("nn", lambda base, n: math.pow(base, n)), 2, 2),
    "EXP": Function(_typed("n", math.exp), 1, 1), "LOG": Function(_typed("nn", _log), 1, 2),
    "LOG10": Function(_typed("n", math.log10), 1, 1), "PI": Function(lambda: math.pi, 0, 0),
    "SIN": Function(_typed("n", math.sin), 1, 1), "COS": Function(_typed("n", math.cos), 1, 1),
    "TAN": Function(_typed("n", math.tan), 1, 1),
    "COT": Function(_typed("n", lambda n: 1 / math.tan(n)), 1, 1),
    "ASIN": Function(_typed("n", math.asin), 1, 1), "ACOS": Function(_typed("n", math.acos), 1, 1),
    "ATAN": Function(_typed("n", math.atan), 1, 1), "ATN2": Function(_typed("nn", math.atan2), 2, 2),
    "DEGREES": Function(_typed("n", math.degrees), 1, 1),
    "RADIANS": Function(_typed("n", math.radians), 1, 1),
    "NUMBERBIN": Function(_typed("nn", _number_bin), 1, 2),
    "INTADD": Function(_typed("nn", lambda a, b: a + b), 2, 2),
    "INTDIV": Function(_typed("nn", _int_div), 2, 2),
    "INTMUL": Function(_typed("nn", lambda a, b: a * b), 2, 2),
    "INTSUB": Function(_typed("nn", lambda a, b: a - b), 2, 2),
    "INTMOD": Function(_typed("nn", lambda a, b: math.fmod(a, b)), 2, 2),
}  # fmt: skip

ARRAYS: Final[Mapping[str, Function]] = {
    "ARRAY_CONTAINS": Function(_typed("a*b", _contains), 2, 3),
    "ARRAY_CONTAINS_ANY": Function(_contains_any, 2, ANY),
    "ARRAY_CONTAINS_ALL": Function(_contains_all, 2, ANY),
    "ARRAY_LENGTH": Function(_typed("a", len), 1, 1), "ARRAY_CONCAT": Function(_concat_arrays, 2, ANY),
    "ARRAY_SLICE": Function(_typed("ann", _slice), 2, 3),
    "SETINTERSECT": Function(_typed("aa", lambda a, b: _distinct([x for x in a if _contains(b, x)])), 2, 2),
    "SETUNION": Function(_typed("aa", lambda a, b: _distinct(a + b)), 2, 2),
    "SETDIFFERENCE": Function(_typed("aa", _difference), 2, 2),
    "OBJECTTOARRAY": Function(_typed("o", lambda o: [{"k": k, "v": v} for k, v in o.items()]), 1, 1),
}  # fmt: skip

FUNCTIONS: Final[dict[str, Function]] = {
    **TYPES, **STRINGS, **MATHS, **ARRAYS,
    **{name: Function(apply, least, most) for name, (apply, least, most) in DATE_FUNCTIONS.items()},
}  # fmt: skip
