"""``devstack COMMAND …``, and ``python -m devstack``: the same."""

import sys
from collections.abc import Sequence

from devstack.commands import PROGRAM as PROGRAM

SEVERAL = ("--only", "--instances")
"""Options of ``functions`` that take several words: ``--only a b`` is ``--only a --only b``."""


def main(argv: Sequence[str]) -> int:
    """Do what the words say; the exit code."""
    return PROGRAM.main(apart(argv) if list(argv[:1]) == ["functions"] else argv)


def apart(argv: Sequence[str]) -> list[str]:
    """The words, with the option before each of its values."""
    found: list[str] = []
    option = ""
    for word in argv:
        if option and not word.startswith("-") and found[-1] != option:
            found.append(option)
        elif word.startswith("-"):
            option = word if word in SEVERAL else ""
        found.append(word)
    return found


def entry() -> int:
    """The installed command."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(entry())
