"""``vendctl COMMAND …``, and ``python -m vendctl``: the same."""

import sys
from collections.abc import Sequence

from vendctl.commands import (
    alerts,
    archive,
    checkout,
    deadletters,
    device_commands,
    dex,
    fleet,
    local,
    machine,
    partitions,
    rollups,
    state,
)
from vendctl.commands.program import PROGRAM as PROGRAM

GROUPS = (
    local,
    state,
    rollups,
    archive,
    deadletters,
    partitions,
    fleet,
    machine,
    device_commands,
    alerts,
    dex,
    checkout,
)
"""The modules whose commands these are, in the order of the help."""


def main(argv: Sequence[str]) -> int:
    """Do what the words say; the exit code."""
    return PROGRAM.main(argv)


def entry() -> int:
    """The installed command."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(entry())
