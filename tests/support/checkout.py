"""Copies of this checkout, and tests run in them by a process of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".tools", ".data", ".hypothesis", "node_modules", "__pycache__", ".*_cache", "dist"
)


def copy(target: Path) -> None:
    """The sources into a new folder; what was installed for them is left out."""
    shutil.copytree(ROOT, target, ignore=LEFT_OUT, symlinks=True)


def passes(folder: Path, words: Sequence[str], **environment: str) -> tuple[bool, str]:
    """Whether pytest passes in the folder with these words, and what it said.

    Raises RuntimeError where it could not run the tests.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run {list(words)}:\n{done.stdout}{done.stderr}")
    return done.returncode == 0, done.stdout
