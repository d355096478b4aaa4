"""``python -m tests.breaks [PROMISE …]``: each break must make its test fail; unbroken, all pass."""

import os
import subprocess
import sys
from pathlib import Path

from tests.breaks import load

ROOT = Path(__file__).parents[2]


def passes(tests: list[str], name: str) -> tuple[bool, str]:
    """Whether the tests pass with that break (none: ``""``), and what pytest said."""
    words = ["-q", "-x", "-p", "no:cacheprovider", "-p", "tests.breaks.plugin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *tests],
        cwd=ROOT,
        env=os.environ | {"BREAK": name},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run {tests}:\n{done.stdout}{done.stderr}")
    return done.returncode == 0, done.stdout


def main(argv: list[str]) -> int:
    """All breaks, or those of the promises named; 1 when a test did not notice."""
    asked = [one for one in load().values() if not argv or one.promise in argv]
    good, said = passes(sorted({one.test for one in asked}), "")
    if not good:
        print(said, "the tests fail before anything is broken", sep="\n")
        return 1
    unnoticed = 0
    for number, one in enumerate(asked, 1):
        survived, _ = passes([one.test], one.name)
        unnoticed += survived
        verdict = "NOT NOTICED" if survived else "noticed"
        print(f"{number}/{len(asked)} {one.promise} {verdict}: {one.name.replace('_', ' ')}", flush=True)
    print(f"{len(asked) - unnoticed} of {len(asked)} breaks were noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
