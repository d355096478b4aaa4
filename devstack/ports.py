"""Free loopback ports."""

import socket


def free_port(preferred: int = 0) -> int:
    """``preferred`` when nothing holds it, else any port that is free at this moment (a hint, not a lock)."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            number: int = probe.getsockname()[1]
            return number
    raise OSError("no free loopback port")
