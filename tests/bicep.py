"""Bicep files as plain values, by tree-sitter: enough to compare them with the code. Nothing is evaluated.

Literals become their Python values; a string with ``${…}`` in it keeps that; any other expression is
:class:`Code`, its source text.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))
NAMING = ("for_statement", "lambda_expression")
NAMED_FIRST = (*NAMING, "object_property", "call_expression")
"""Nodes whose first part, where it is a bare name, is no use of that name."""
BUILT_IN = frozenset({"resourceGroup", "environment", "subscription"})
NO_DEFAULT = object()


class Code(str):
    """The text of an expression."""

    __slots__ = ()


@dataclass(frozen=True)
class Resource:
    """One declaration; of a loop, the body is that of each."""

    symbol: str
    type: str
    version: str
    body: dict[str, Any]
    existing: bool = False
    condition: str = ""
    loops_over: str = ""


@dataclass(frozen=True)
class Module:
    """A module and what it is given."""

    path: str
    params: dict[str, Any]


@dataclass
class File:
    """What a file declares."""

    params: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    resources: list[Resource] = field(default_factory=list)
    modules: dict[str, Module] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    """Names that are used and not declared."""
    idle: set[str] = field(default_factory=set)
    """Parameters, variables and existing resources that nothing uses."""

    def of_type(self, kind: str) -> list[Resource]:
        """The resources of a type, existing ones excluded."""
        return [found for found in self.resources if found.type == kind and not found.existing]

    def named(self, symbol: str) -> Resource:
        """The resource with that symbol."""
        (found,) = [found for found in self.resources if found.symbol == symbol]
        return found


def read(path: Path) -> File:
    """A ``.bicep`` or ``.bicepparam`` file. ``faults`` names the lines that do not parse."""
    text = path.read_text()
    if path.suffix == ".bicepparam":
        # The grammar knows no parameter files; their assignments have the form of variables.
        text = "\n".join(
            f"var {line.removeprefix('param ')}" if line.startswith("param ") else line
            for line in text.splitlines()
            if not line.startswith("using ")
        )
    root = PARSER.parse(text.encode()).root_node
    found = File(faults=[f"{path.name}:{node.start_point[0] + 1}" for node in _faults(root)])
    for node in root.named_children:
        _declare(found, node)
    used = _used(root)
    found.unknown = used - _declared(root) - BUILT_IN
    existing = {resource.symbol for resource in found.resources if resource.existing}
    found.idle = (found.params.keys() | found.variables.keys() | existing) - used
    return found


def _faults(node: Node) -> list[Node]:
    own = [node] if node.is_error or node.is_missing else []
    return own + [fault for child in node.children for fault in _faults(child)]


def _declared(node: Node) -> set[str]:
    """Symbols of declarations, loop variables and lambdas' parameters."""
    own = (
        {_text(node.named_children[0])}
        if node.type.endswith("_declaration") or node.type in NAMING
        else set()
    )
    return own.union(*(_declared(child) for child in node.named_children))


def _used(node: Node) -> set[str]:
    """Names that stand for values: no keys, members, functions, types or decorators."""
    if node.type == "identifier":
        return {_text(node)}
    if node.type in ("decorators", "type"):
        return set()
    named = node.named_children
    first = node.type in NAMED_FIRST or node.type.endswith("_declaration")
    skipped = 1 if first and named[0].type == "identifier" else 0
    return set().union(*(_used(child) for child in named[skipped:]))


def _declare(file: File, node: Node) -> None:
    parts = node.named_children
    if node.type == "parameter_declaration":
        given = [part for part in parts[1:] if part.type != "type"]
        file.params[_text(parts[0])] = value(given[0]) if given else NO_DEFAULT
    elif node.type == "variable_declaration":
        file.variables[_text(parts[0])] = value(parts[-1])
    elif node.type == "output_declaration":
        file.outputs[_text(parts[0])] = value(parts[-1])
    elif node.type == "module_declaration":
        body = value(parts[-1])
        file.modules[_text(parts[0])] = Module(value(parts[1]), body.get("params", {}))
    elif node.type == "resource_declaration":
        file.resources.append(_resource(node))


def _resource(node: Node) -> Resource:
    symbol, named, holder = node.named_children[:3]
    kind, _, version = str(value(named)).partition("@")
    heads = [_text(part) for part in holder.named_children[:-1]]
    return Resource(
        symbol=_text(symbol),
        type=kind,
        version=version,
        body=value(holder if holder.type == "object" else holder.named_children[-1]),
        existing=any(part.type == "existing" for part in node.children),
        condition=heads[0] if holder.type == "if_statement" else "",
        loops_over=heads[-1] if holder.type == "for_statement" else "",
    )


def value(node: Node) -> Any:
    """The value of an expression."""
    if node.type == "string":
        return "".join(_text(part) for part in node.named_children)
    if node.type == "object":
        pairs = [part.named_children for part in node.named_children if part.type == "object_property"]
        return {str(_key(pair[0])): value(pair[-1]) for pair in pairs}
    if node.type == "array":
        return [value(part) for part in node.named_children]
    if node.type == "number":
        return int(_text(node))
    if node.type == "boolean":
        return _text(node) == "true"
    return Code(_text(node))


def _key(node: Node) -> str:
    return str(value(node)) if node.type == "string" else _text(node)


def _text(node: Node) -> str:
    return (node.text or b"").decode()
