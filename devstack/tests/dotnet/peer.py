"""The peer on the official .NET packages (``*.cs`` here), run against our servers: what became of each check.

It is found at DOTNET_PEER, below ``bin/`` here, or beside the checkout; elsewhere its tests are skipped.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PLACES = (HERE / "bin" / "peer", HERE.parents[3] / "shared" / "dotnet-peer" / "peer")
ROW = re.compile(r"(ok|ERROR)\s+(\S.*?)\s+\d+ ms ?(.*)")
TORN = "JsonReaderException: Expected start of a property name or value, but instead reached end of data"
"""The peer reads the lines of a child that it killed; a last one that is cut says nothing of a server."""
LONGEST = 540
"""Seconds that one service's checks may take; some wait for time-outs to pass."""


@dataclass(frozen=True)
class Checks:
    """The names of what passed and what was refused by name, and what is wrong, a line each."""

    passed: tuple[str, ...]
    refused: tuple[str, ...]
    wrong: tuple[str, ...]


def program(folder: Path) -> Path:
    """The built peer, executable (a copy below ``folder`` where it is not)."""
    given = os.environ.get("DOTNET_PEER")
    found = next((place for place in ([Path(given)] if given else PLACES) if place.exists()), None)
    if found is None:
        assert not given, f"DOTNET_PEER={given}: there is no such file"
        pytest.skip("the .NET peer is not built: see devstack/tests/dotnet/README.md")
    if os.access(found, os.X_OK):
        return found
    copied = Path(shutil.copy(found, folder / "peer"))
    copied.chmod(0o755)
    return copied


def run(folder: Path, words: Sequence[str]) -> Checks:
    """``peer all`` with these options. Fails when the peer itself ends before its checks do.

    A step in which the peer could not read its own killed child is run once more, alone.
    """
    found = _run(folder, words)
    torn = {_step(line) for line in found.wrong if TORN in line}
    if not torn:
        return found
    again = _run(folder, [*words, "--only", ",".join(sorted(torn))])
    kept = [[one for one in names if _step(one) not in torn] for names in
            (found.passed, found.refused, found.wrong)]  # fmt: skip
    return Checks((*kept[0], *again.passed), (*kept[1], *again.refused), (*kept[2], *again.wrong))


def _step(check: str) -> str:
    """``processor`` of ``eventhubs.processor.balanced-…``."""
    return check.split(".")[1]


def _run(folder: Path, words: Sequence[str]) -> Checks:
    extracted = folder / "extracted"
    extracted.mkdir(exist_ok=True)
    done = subprocess.run(
        [str(program(folder)), "all", *words], capture_output=True, text=True, timeout=LONGEST, check=False,
        env=os.environ | {
            "DOTNET_BUNDLE_EXTRACT_BASE_DIR": str(extracted),
            "DOTNET_EnableDiagnostics": "0",  # no pipes and sockets in the machine's temporary folder
        },
    )  # fmt: skip
    assert done.returncode in (0, 1), f"the peer ended with {done.returncode}:\n{done.stderr[-3000:]}"
    return judged(done.stderr)


def judged(rows: str) -> Checks:
    """A line a check, against ``refused.txt``: what stands there must fail, with the words beside it."""
    expected = refusals()
    passed, refused, wrong = [], [], []
    for state, name, what in (found.groups() for row in rows.splitlines() if (found := ROW.match(row))):
        words = expected.get(name)
        if state == "ok" and words is None:
            passed.append(name)
        elif state == "ok":
            wrong.append(f"{name}: is served now; take it out of refused.txt")
        elif words is not None and words.lower() in what.lower():
            refused.append(name)
        else:
            wrong.append(f"{name}: {what.strip()}")
    return Checks(tuple(passed), tuple(refused), tuple(wrong))


def refusals() -> dict[str, str]:
    """Name of a check → the words that its refusal must hold."""
    lines = (HERE / "refused.txt").read_text().splitlines()
    pairs = [line.split("  ", 1) for line in lines if line.strip() and not line.startswith("#")]
    return {name: words.strip() for name, words in pairs}
