"""No module imports itself by way of others, for its types neither."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.support.metadata import ROOT

PACKAGES = ("blueprints", "vending", "vendctl", "simulator", "benchmarks", "devstack", "tests")


def test_imports_run_in_no_circle() -> None:
    """Those in a function and those below ``if TYPE_CHECKING`` count: what is shared goes into a third."""
    modules = {name(path): path for package in PACKAGES for path in sources(ROOT / package)}
    graph = {module: set(imported(path, modules)) - {module} for module, path in modules.items()}
    assert circle(graph) == []


def test_a_circle_is_found_and_named() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) in (["b", "c", "b"], ["c", "b", "c"])
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle, its first again at the end; none: []."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        return [str(module) for module in found.args[1]]
    return []


def sources(folder: Path) -> Iterator[Path]:
    """The modules of a package."""
    return (path for path in sorted(folder.rglob("*.py")) if "node_modules" not in path.parts)


def name(path: Path) -> str:
    """As it is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    """What of these a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found = {one if one in modules else str(node.module) for one in whole}
            yield from found & modules.keys()
