"""``simulator COMMAND …``, and ``python -m simulator``: the same."""

import sys
from collections.abc import Sequence

from simulator.commands import PROGRAM as PROGRAM


def main(argv: Sequence[str]) -> int:
    """Do what the words say; the exit code."""
    return PROGRAM.main(argv)


def entry() -> int:
    """The installed command."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(entry())
