"""``python -m tests.breaks``: each edit of breaks.toml, made to a copy, must make its test fail.

A promise whose test passes with the promise broken is not tested. First the tests run unedited and must pass.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PARTS = (
    "function_app.py", "host.json", "local.settings.json", "pyproject.toml", "requirements.txt",
    "requirements-dev.txt", "requirements-telemetry.txt", ".python-version", "Makefile", ".funcignore",
    "azure.yaml",
    "blueprints", "vending", "vendctl", "simulator", "devstack", "web", "infra", "docs", "examples", "tests",
    "benchmarks", ".github",
)  # fmt: skip


def load() -> list[dict[str, Any]]:
    """The entries: promise, file, find, replace, test."""
    entries: list[dict[str, Any]] = tomllib.loads((ROOT / "tests" / "breaks.toml").read_text())["break"]
    return entries


def edited(text: str, entry: dict[str, Any]) -> str:
    """The text with the edit in it. Raises ValueError unless it fits exactly once."""
    if text.count(entry["find"]) != 1:
        raise ValueError(f"{entry['file']} holds {text.count(entry['find'])} times: {entry['find']!r}")
    return text.replace(entry["find"], entry["replace"])


def copy(target: Path) -> None:
    """The sources, with what was installed for them linked in."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, target / part, symlinks=True, ignore=shutil.ignore_patterns(
                "__pycache__", "node_modules", ".hypothesis"
            ))  # fmt: skip
        elif source.exists():
            shutil.copy2(source, target / part)
    for modules in ROOT.glob("devstack/**/node_modules"):
        if "node_modules" not in modules.parent.parts:
            (target / modules.relative_to(ROOT)).symlink_to(modules)


def passes(folder: Path, tests: list[str]) -> tuple[bool, str]:
    """Whether the tests pass in the folder, and what pytest said."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=folder, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run {tests}:\n{done.stdout}{done.stderr}")
    return done.returncode == 0, done.stdout


def main(argv: list[str]) -> int:
    """All entries, or those of the promises named; 1 when a test did not notice."""
    entries = [entry for entry in load() if not argv or entry["promise"] in argv]
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="breaks-") as folder:
        target = Path(folder)
        copy(target)
        good, said = passes(target, sorted({entry["test"] for entry in entries}))
        if not good:
            print(said, "the tests fail before anything is broken", sep="\n")
            return 1
        for number, entry in enumerate(entries, 1):
            file = target / entry["file"]
            whole = file.read_text()
            file.write_text(edited(whole, entry))
            survived, _ = passes(target, [entry["test"]])
            file.write_text(whole)
            unnoticed += survived
            verdict = "NOT NOTICED" if survived else "noticed"
            print(f"{number}/{len(entries)} {entry['promise']} {verdict}: {entry['file']}", flush=True)
    print(f"{len(entries) - unnoticed} of {len(entries)} edits were noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
