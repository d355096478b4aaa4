"""Ends a stack's processes when the process that started them is gone, however it went (SIGKILL included).

``python -m devstack.guard [SECONDS]`` reads ``+PID`` and ``-PID`` from standard input; when that closes, the
processes still noted get SIGTERM, and SIGKILL where that did not end them in time. Standard input closes with
its writer on every system, so nothing here depends on Linux.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

PATIENCE = 20.0
"""Seconds that a process has to end by itself, as when the stack stops it."""


def main(patience: float = PATIENCE) -> int:
    """Watch until standard input closes."""
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    noted: set[int] = set()
    for line in sys.stdin:
        change = noted.add if line.startswith("+") else noted.discard
        change(int(line[1:]))
    living, deadline = _reached(noted, signal.SIGTERM), time.monotonic() + patience
    while living and time.monotonic() < deadline:
        time.sleep(0.1)
        living = _reached(living, 0)
    _reached(living, signal.SIGKILL)
    return 0


def _reached(processes: Iterable[int], said: int) -> set[int]:
    """Send a signal, or with 0 none; which processes were there."""
    found = set()
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, said)
            found.add(pid)
    return found


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
