"""What a module keeps for itself, no other module imports."""

import ast
from pathlib import Path

from tests.support.metadata import ROOT

PACKAGES = ("blueprints", "vending", "vendctl", "simulator", "benchmarks", "devstack")


def test_no_module_imports_a_private_name_of_another() -> None:
    """Lint sees a private attribute (SLF001), and not ``from …vending.adapters.blobs import _code``."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name.name} of {node.module}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in PACKAGES
        for name in node.names
        if name.name.startswith("_")
    ]
    assert not found


def sources() -> list[Path]:
    """The modules of what is ours; tests may look behind the doors."""
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if not {"tests", "node_modules"} & set(path.relative_to(ROOT).parts)
    ]
