"""Ends a stack's processes when the process that started them is gone, however it went (SIGKILL included).

``python -m devstack.guard`` reads ``+PID`` and ``-PID`` from standard input; when that closes, the
processes still noted get SIGTERM. Standard input closes with its writer on every system, so nothing here
depends on Linux.
"""

import contextlib
import os
import signal
import sys


def main() -> int:
    """Watch until standard input closes."""
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    noted: set[int] = set()
    for line in sys.stdin:
        change = noted.add if line.startswith("+") else noted.discard
        change(int(line[1:]))
    for pid in noted:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    return 0


if __name__ == "__main__":
    sys.exit(main())
