"""``python -m tests.breaks [PROMISE …]``: each break must make its test fail; unbroken, all pass."""

import sys

from tests.breaks.every import load
from tests.support import checkout
from tests.support.checkout import ROOT


def passes(tests: list[str], name: str) -> tuple[bool, str]:
    """Whether the tests pass with that break (none: ``""``), and what pytest said."""
    return checkout.passes(ROOT, ["-x", "-p", "tests.breaks.plugin", *tests], BREAK=name)


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
