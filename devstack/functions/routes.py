"""Routes of HTTP triggers: ``items/{id:int}/{*rest}``, with the constraints and defaults of ASP.NET."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from devstack.functions.errors import ConfigurationError

_NAME = re.compile(r"(\*{0,2})(\w+)")
_CONSTRAINT = re.compile(r"(\w+)")
_SLASH = re.compile(r"(%2[fF])")


def _number(kind: Callable[[str], object]) -> Callable[[str, str], bool]:
    def holds(value: str, _argument: str) -> bool:
        try:
            kind(value)
        except ValueError:
            return False
        return True

    return holds


def _length(value: str, argument: str) -> bool:
    low, _, high = argument.partition(",")
    return int(low) <= len(value) <= int(high or low)


def _range(value: str, argument: str) -> bool:
    low, _, high = argument.partition(",")
    return re.fullmatch(r"-?\d+", value) is not None and int(low) <= int(value) <= int(high)


def _integer(value: str, _argument: str) -> bool:
    return re.fullmatch(r"-?\d{1,19}", value) is not None


CONSTRAINTS: dict[str, Callable[[str, str], bool]] = {
    "int": _integer,
    "long": _integer,
    "alpha": lambda value, _: re.fullmatch(r"[A-Za-z]*", value) is not None,
    "bool": lambda value, _: value.lower() in ("true", "false"),
    "guid": _number(uuid.UUID),
    "double": _number(float),
    "float": _number(float),
    "decimal": _number(float),
    "datetime": _number(datetime.fromisoformat),
    "length": _length,
    "minlength": lambda value, argument: len(value) >= int(argument),
    "maxlength": lambda value, argument: len(value) <= int(argument),
    "range": _range,
    "min": lambda value, argument: _integer(value, "") and int(value) >= int(argument),
    "max": lambda value, argument: _integer(value, "") and int(value) <= int(argument),
    "required": lambda value, _: bool(value),
    "regex": lambda value, argument: re.search(argument, value, re.IGNORECASE) is not None,
}


@dataclass(frozen=True)
class _Parameter:
    name: str
    stars: str
    optional: bool
    default: str | None
    constraints: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Route:
    """A compiled route. Literal parts match in any letter case."""

    template: str
    pattern: re.Pattern[str]
    parameters: tuple[_Parameter, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Parameters of a decoded path without its leading slash; None when it is another's."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values = {}
        for one in self.parameters:
            value = found[one.name] or one.default
            if value is None and one.stars:
                value = ""
            if value is None:
                continue
            if not all(CONSTRAINTS[kind](value, argument) for kind, argument in one.constraints):
                return None
            values[one.name] = value
        return values


def decoded(raw: str) -> str:
    """A raw path as the platform routes it: percent-decoded except ``%2F``, ``.`` and ``..`` resolved."""
    kept: list[str] = []
    for part in raw.split("/"):
        if part == ".." and len(kept) > 1:
            kept.pop()
        elif part not in (".", ".."):
            kept.append(part)
    if raw.endswith(("/.", "/..")):
        kept.append("")
    return "".join(one if _SLASH.fullmatch(one) else unquote(one) for one in _SLASH.split("/".join(kept)))


def compile_route(template: str, where: str) -> Route:
    """Compile; ``ConfigurationError`` for a constraint or a form that is not known."""
    text = template.strip("/")
    try:
        pattern, parameters = _compiled(text)
    except (ValueError, re.error) as error:
        raise ConfigurationError(
            f"{where}: route {template!r} is not understood ({error}); constraints are"
            f" {', '.join(CONSTRAINTS)}"
        ) from error
    return Route(text, re.compile(pattern, re.IGNORECASE | re.DOTALL), tuple(parameters))


def _compiled(text: str) -> tuple[str, list[_Parameter]]:
    pattern, parameters, at = "", [], 0
    while at < len(text):
        if text[at] == "{" and text[at : at + 2] != "{{":
            end = _closing(text, at)
            one = _parameter(text[at + 1 : end])
            pattern = _with(pattern, one)
            parameters.append(one)
            at = end + 1
            continue
        literal = text[at]
        if literal in "{}":
            if text[at : at + 2] not in ("{{", "}}"):
                raise ValueError(f"a stray {literal}")
            at += 1
        pattern += re.escape(literal)
        at += 1
    # One trailing slash is nobody's, except that a catch-all takes it.
    return (pattern if parameters and parameters[-1].stars else f"{pattern}/?"), parameters


def _with(pattern: str, one: _Parameter) -> str:
    if one.stars:
        group = f"(?P<{one.name}>.*)"
        return f"{pattern[:-1]}(?:/{group})?" if pattern.endswith("/") else pattern + group
    group = f"(?P<{one.name}>[^/]+)"
    if not one.optional and one.default is None:
        return pattern + group
    return f"{pattern[:-1]}(?:/{group})?" if pattern.endswith("/") else f"{pattern}{group}?"


def _closing(text: str, start: int) -> int:
    """Where a parameter ends; braces of a regular expression are written twice."""
    at = start + 1
    while at < len(text):
        if text[at : at + 2] in ("{{", "}}"):
            at += 2
        elif text[at] == "}":
            return at
        else:
            at += 1
    raise ValueError("a parameter without its end")


def _parameter(text: str) -> _Parameter:
    name = _NAME.match(text)
    if name is None:
        raise ValueError(f"{{{text}}} has no name")
    rest = text[name.end() :]
    constraints: list[tuple[str, str]] = []
    while rest.startswith(":"):
        kind, argument, rest = _constraint(rest[1:])
        if kind not in CONSTRAINTS:
            raise ValueError(f"{kind!r} is no constraint")
        if kind == "regex":
            re.compile(argument)
        constraints.append((kind, argument))
    default = rest[1:] if rest.startswith("=") else None
    if default is None and rest not in ("", "?"):
        raise ValueError(f"{rest!r} in {{{text}}}")
    return _Parameter(name[2], name[1], rest == "?", default, tuple(constraints))


def _constraint(text: str) -> tuple[str, str, str]:
    """Kind, argument, and what comes after."""
    kind = _CONSTRAINT.match(text)
    if kind is None:
        raise ValueError(f"no constraint at {text!r}")
    rest = text[kind.end() :]
    if not rest.startswith("("):
        return kind[1], "", rest
    depth = 0
    for at, letter in enumerate(rest):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return kind[1], rest[1:at].replace("{{", "{").replace("}}", "}"), rest[at + 1 :]
    raise ValueError(f"no end of {kind[1]}(")
