"""Routes of HTTP triggers: ``items/{id:int}/{*rest}`` with the constraints of ASP.NET that make sense for
text.
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from devstack.functions.errors import ConfigurationError

_PART = re.compile(r"\{(\*?)(\w+)((?::\w+(?:\([^)]*\))?)*)(\??)\}")
_CONSTRAINT = re.compile(r":(\w+)(?:\(([^)]*)\))?")
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")


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
}


@dataclass(frozen=True)
class Route:
    """A compiled route. Literal parts match in any letter case; more literals go first."""

    template: str
    pattern: re.Pattern[str]
    constraints: tuple[tuple[str, str, str], ...]

    @property
    def rank(self) -> tuple[int, ...]:
        """Sorts more specific routes first, part by part: literal, constrained, free, catch-all."""
        return tuple(
            3 if part.startswith("{*") else 0 if "{" not in part else 1 if ":" in part else 2
            for part in self.template.split("/")
        )

    def match(self, path: str) -> dict[str, str] | None:
        """Parameters of a path without its leading slash, percent-decoded; None when it is another's."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values = {name: unquote(value) for name, value in found.groupdict().items() if value is not None}
        for name, constraint, argument in self.constraints:
            if name in values and not CONSTRAINTS[constraint](values[name], argument):
                return None
        return values


def compile_route(template: str, where: str) -> Route:
    """Compile; ``ConfigurationError`` for a constraint or a form that is not known."""
    text = template.strip("/")
    pattern, constraints, end = "", [], 0
    for part in _PART.finditer(text):
        pattern += re.escape(text[end : part.start()])
        star, name, bounds, optional = part.groups()
        if optional and pattern.endswith("/"):
            pattern = f"{pattern[:-1]}(?:/(?P<{name}>[^/]+))?"
        elif optional and not pattern:
            pattern = f"(?P<{name}>[^/]+)?"
        else:
            pattern += f"(?P<{name}>{'.*' if star else '[^/]+'})"
        constraints += [(name, kind, argument) for kind, argument in _CONSTRAINT.findall(bounds)]
        end = part.end()
    rest = text[end:]
    unknown = [kind for _, kind, _ in constraints if kind not in CONSTRAINTS]
    if unknown or "{" in rest or "}" in rest:
        raise ConfigurationError(
            f"{where}: route {template!r} is not understood; constraints are {', '.join(CONSTRAINTS)}"
        )
    return Route(text, re.compile(pattern + re.escape(rest), re.IGNORECASE), tuple(constraints))
