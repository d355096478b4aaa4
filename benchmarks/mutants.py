"""``python -m benchmarks.mutants [FOLDER …]``: mutation score of the pure modules.

mutmut changes one expression at a time of the modules that the import contract calls pure (pyproject.toml),
and runs the unit tests of their folder, which must fail. What survives is listed with its change in
benchmarks/mutants.json: a test that is missing, or a change that makes no difference. Works in a copy.
``--endings 147`` tries a sample: the mutants whose number in their function ends so.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.checkout import copy
from vendctl.progress import Progress

HERE = Path(__file__).parent
ROOT = HERE.parent
FILE = HERE / "mutants.json"
CONTRACT = "The pure modules"
TARGET = 85
"""Per cent of all mutants together that must be killed."""
BESIDE = {
    "vending/state": ["tests/unit/ingest/test_ingest.py", "tests/unit/ingest/test_holes.py"],
    "vending/archive": ["tests/unit/adapters"],
    "vending/alerts/rules": ["tests/unit/alerts"],
}
"""Tests that a folder's modules have besides those of the folder of their own name."""
SLOW = [
    *(
        f"tests/unit/rollups/test_{name}.py"
        for name in ("open_day_bounds", "roll_up_bounds", "roll_up_growth", "roll_up_property", "two_workers")
    ),
    "tests/unit/uploads/dex/test_any_bytes.py",
    "tests/unit/uploads/dex/test_series.py",
    "tests/unit/views/test_costs.py",
]
"""Not run, because each mutant that survives would take minutes: what they hold needs quick tests too."""
WORDS = ["-p", "no:cacheprovider", "-o", "filterwarnings=ignore", *(f"--ignore={file}" for file in SLOW)]
"""For pytest."""
AT_IMPORT = ("vending/views/answers",)
"""Folders whose functions are called at import, which mutmut does once, before it changes anything:
what survives there is tried in a process of its own."""


def pure() -> dict[str, list[str]]:
    """The files of the pure modules, by folder."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [contract] = [one for one in settings["contracts"] if one["name"].startswith(CONTRACT)]
    folders: dict[str, list[str]] = {}
    for module in contract["source_modules"]:
        place = ROOT / module.replace(".", "/")
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        for file in files:
            if file.name != "__init__.py":
                name = file.relative_to(ROOT)
                folders.setdefault(str(name.parent), []).append(str(name))
    return folders


def tests_of(folder: str, files: Iterable[str]) -> list[str]:
    """The unit tests that must notice: those of the folder, or of the nearest one above that has any."""
    own = Path("tests/unit") / folder.removeprefix("vending").removeprefix("/")
    if own == Path("tests/unit"):
        named = [own / f"test_{Path(file).stem}.py" for file in files]
        return [str(test) for test in named if (ROOT / test).exists()]
    while not (ROOT / own).is_dir():
        own = own.parent
    return [str(own), *BESIDE.get(folder, [])]


def settings_of(folder: str, files: list[str]) -> str:
    """mutmut's settings, as TOML."""
    names = sorted(path.name for path in ROOT.iterdir() if path.name[0] != ".")
    copied = [name for name in names if name not in ("vending", "mutants")]
    lines = {
        "source_paths": ["vending", "vendctl/operations"],
        "only_mutate": files,
        "also_copy": copied,
        "pytest_add_cli_args_test_selection": tests_of(folder, files),
        "pytest_add_cli_args": WORDS,
        # A process that ran the tests unchanged has cached answers in it.
        "process_isolation": "forkserver",
    }
    # A list of strings is the same in JSON and in TOML.
    said = "\n".join(f"{name} = {json.dumps(value)}" for name, value in lines.items())
    return f"\n[tool.mutmut]\n{said}\nmutate_only_covered_lines = true\n"


def run(folder: str, files: list[str], endings: str) -> dict[str, Any]:
    """One folder: how many mutants were tried, how many the tests killed, and the changes that survived; of
    a sample also how many there are."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        work = Path(place) / "work"
        copy(work)
        with (work / "pyproject.toml").open("a") as project:
            project.write(settings_of(folder, files))
        mutmut(work, "run", "--max-children", "2", *(f"*{digit}" for digit in endings))
        lines = [line.strip() for line in mutmut(work, "results", "--all", "true").splitlines()]
        became = dict(line.split(": ") for line in lines if line)
        tried = [name for name, state in became.items() if state != "not checked"]
        survived = [name for name in tried if became[name] not in ("killed", "timeout")]
        if folder in AT_IMPORT:
            survived = [name for name in survived if passes(work, name, tests_of(folder, files))]
        changes = {name: change(mutmut(work, "show", name)) for name in survived}
    return {
        "mutants": len(tried),
        "killed": len(tried) - len(survived),
        **({"of": len(became)} if endings else {}),
        "survivors": changes,
    }


def passes(work: Path, name: str, tests: Iterable[str]) -> bool:
    """Whether the tests pass with that mutant in a process that has imported nothing before."""
    done = subprocess.run(  # noqa: S603 - the tests of this project
        [sys.executable, "-m", "pytest", "-q", "-x", *WORDS, *tests],
        cwd=work / "mutants",
        env=os.environ | {"MUTANT_UNDER_TEST": name},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def change(shown: str) -> list[str]:
    """The lines of a diff that differ."""
    lines = shown.splitlines()
    return [line for line in lines if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]


def mutmut(work: Path, *words: str) -> str:
    """What it says. Raises RuntimeError where it could not run the tests unchanged."""
    command = [str(Path(sys.executable).with_name("mutmut")), *words]
    done = subprocess.run(  # noqa: S603 - the tool of this environment
        command, cwd=work, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"mutmut {' '.join(words)}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def main(argv: list[str]) -> int:
    """1 when fewer than :data:`TARGET` per cent of all mutants are killed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="such as vending/state; default: all")
    parser.add_argument("--endings", default="", metavar="DIGITS", help="a sample; default: all mutants")
    args = parser.parse_args(argv)
    known = pure()
    if unknown := [folder for folder in args.folders if folder not in known]:
        parser.error(f"{unknown[0]} has no pure module; those that have: {', '.join(sorted(known))}")
    held = json.loads(FILE.read_text())["folders"] if FILE.exists() else {}
    held = {folder: own for folder, own in held.items() if folder in known}
    folders = args.folders or list(known)
    with Progress() as progress:
        for number, folder in enumerate(folders):
            progress.stage("folders", number, len(folders), f"{folder} is changed")
            found = run(folder, known[folder], args.endings)
            held[folder] = found | {"ended": datetime.now(UTC).isoformat(timespec="seconds")}
            print(f"{folder}: {found['killed']} of {found['mutants']} killed", flush=True)
            told = summed(held)
            FILE.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    print(f"{told['score']} % of {told['mutants']} mutants killed; survivors in {FILE.relative_to(ROOT)}")
    return 0 if told["score"] >= TARGET else 1


def summed(folders: dict[str, Any]) -> dict[str, Any]:
    """All folders, and the score of all of them together."""
    mutants, killed = (sum(own[name] for own in folders.values()) for name in ("mutants", "killed"))
    score = round(100 * killed / max(1, mutants), 1)
    return {"score": score, "mutants": mutants, "killed": killed, "folders": dict(sorted(folders.items()))}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
