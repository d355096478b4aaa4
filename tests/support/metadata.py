"""What the app uses, by its own metadata: the functions as indexed, and what of the wiring they reach."""

import ast
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from vending import resources

ROOT = Path(__file__).parents[2]
APP = ROOT / "function_app.py"
WIRING = sorted((ROOT / "vending" / "wiring").glob("*.py"))
"""The composition root."""
PLACEHOLDER = re.compile(r"%([^%]+)%")


@cache
def functions() -> tuple[Any, ...]:
    """Every function, as the indexer sees it."""
    import function_app

    # The library remembers the names it indexed, and takes a second look at them for duplicates.
    function_app.app.functions_bindings = {}
    return tuple(function_app.app.get_functions())


@cache
def bindings() -> tuple[dict[str, Any], ...]:
    """Every binding of every function."""
    return tuple(binding.get_dict_repr() for found in functions() for binding in found.get_bindings())


def triggers(kind: str) -> list[dict[str, Any]]:
    """The bindings of a kind."""
    return [binding for binding in bindings() if binding["type"] == kind]


def used(field: str) -> set[str]:
    """The values of a field over all bindings."""
    return {str(binding[field]) for binding in bindings() if binding.get(field)}


def placeholders() -> set[str]:
    """The settings that bindings name as ``%NAME%``."""
    return {name for binding in bindings() for name in PLACEHOLDER.findall(str(binding))}


def resolved(name: str, settings: dict[str, str]) -> str:
    """A binding's text with the settings in it."""
    return PLACEHOLDER.sub(lambda found: settings[found[1]], name)


def local_settings() -> dict[str, str]:
    """The values of local.settings.json."""
    found: dict[str, str] = json.loads((ROOT / "local.settings.json").read_text())["Values"]
    return found


class Wiring:
    """``vending/wiring`` as text: what of it the files (of the app) reach, and what that opens."""

    def __init__(self, files: Iterable[Path] = (APP, *sorted((ROOT / "blueprints").glob("*.py")))) -> None:
        self.functions = {
            node.name: node
            for part in WIRING
            for node in ast.parse(part.read_text()).body
            if isinstance(node, ast.FunctionDef)
        }
        self.reached = self._reached({name for file in files for name in _named(file)})

    def _reached(self, start: set[str]) -> set[str]:
        found: set[str] = set()
        waiting = list(start)
        while waiting:
            name = waiting.pop()
            if name in self.functions and name not in found:
                found.add(name)
                waiting += [
                    _name(node)
                    for node in ast.walk(self.functions[name])
                    if isinstance(node, ast.Name | ast.Attribute)
                ]
        return found

    def opens(self, call: str) -> set[str]:
        """The first argument of each call of that name in what is reached: constant, or of resources."""
        calls = [
            node
            for name in self.reached
            for node in ast.walk(self.functions[name])
            if isinstance(node, ast.Call) and _name(node.func) == call and node.args
        ]
        return {name for node in calls if (name := _resource(node.args[0])) is not None}

    def calls(self, name: str) -> bool:
        """Whether anything that is reached names it."""
        return any(
            isinstance(node, ast.Name) and node.id == name
            for reached in self.reached
            for node in ast.walk(self.functions[reached])
        )


def _named(file: Path) -> set[str]:
    """``wiring.NAME`` in a file."""
    return {
        node.attr
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "wiring"
    }


def built(file: Path) -> set[tuple[str, str]]:
    """(builder, connection) of each client that a file builds by itself: ``blob_service(…, "DATA")``."""
    return {
        (_name(node.func), str(node.args[1].value))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
    }


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _resource(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Attribute) and _name(node.value) == "resources":
        return str(getattr(resources, node.attr))
    return None
