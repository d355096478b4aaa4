"""Loopback ports: the usual ones, and free ones."""

import itertools
import os
import socket

EVENTHUBS, COSMOS, BLOB, QUEUE, FUNCTIONS = 5672, 8081, 10000, 10001, 7071
SMTP, MAILS = 1025, 8025
"""The usual ones: those that ``local.settings.json`` files name, for mail the ones of similar servers."""
FIRST, COUNT = 20_000, 12_000
"""Below the ports that systems give to outgoing connections, which could take one before its server does."""
_next = itertools.count(os.getpid() * 97)
"""Each process begins elsewhere, and gives no port twice until it has been through all."""


def free_port(preferred: int = 0) -> int:
    """``preferred`` when nothing holds it, else any port that is free at this moment (a hint, not a lock)."""
    own = (FIRST + next(_next) % COUNT for _ in range(COUNT))
    for port in itertools.chain((preferred,) if preferred else (), own):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free loopback port")
