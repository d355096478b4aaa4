"""What nothing but its own tests uses is no part of the house."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.metadata import APP, ROOT

PACKAGES = ("blueprints", "vending", "vendctl", "simulator", "benchmarks", "devstack")
FOR_TESTS = {"content_digest"}
"""By which tests look up and compare what the app stored."""
Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.TypeAlias


def test_every_function_class_and_constant_of_a_module_is_used_by_the_code() -> None:
    """By its name, anywhere: so one that shares its name with a living one is not found. What a decorator
    or a base class registers is used by whoever registers it. Methods and fields are left out: others'
    protocols ask for them."""
    trees = {path: ast.parse(path.read_text()) for path in sources()}
    used: Counter[str] = Counter()
    for tree in trees.values():
        used += names(tree)
    dead = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name}"
        for path, tree in trees.items()
        for name, node in defined(tree)
        if used[name] <= names(node)[name] and name not in FOR_TESTS
    ]
    assert not dead


def sources() -> list[Path]:
    """The code without its tests."""
    found = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [APP, *(x for x in found if not {"tests", "node_modules"} & set(x.relative_to(ROOT).parts))]


def defined(tree: ast.Module) -> Iterator[tuple[str, Defined]]:
    """What a module defines at its top, and names."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if not (node.bases if isinstance(node, ast.ClassDef) else node.decorator_list):
                yield node.name, node
        elif isinstance(node, ast.TypeAlias):
            yield node.name.id, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                (x.id, node) for x in targets if isinstance(x, ast.Name) and not x.id.startswith("__")
            )


def names(tree: ast.AST) -> Counter[str]:
    """How often each name is used: as such, as an attribute or keyword, or in a text that is no docstring."""
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found[node.id] += 1
        elif isinstance(node, ast.Attribute):
            found[node.attr] += 1
        elif isinstance(node, ast.keyword) and node.arg:
            found[node.arg] += 1
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(re.findall(r"\w+", node.value))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.subtract(re.findall(r"\w+", str(node.value.value)))
    return found
