"""The control socket: one JSON command a line, one JSON answer a line; only there when asked for.

``{"do": "fault", "place": "send"|"attach"|"delay"|"enospc", "count": 1, "condition": …, "seconds": …}``,
``{"do": "clear"}``, ``{"do": "disconnect"}``, ``{"do": "retain"}`` and ``{"do": "stats"}``.
"""

import asyncio
import json
import resource
import socket
import time
from pathlib import Path
from typing import Any, Protocol

from devstack.eventhubs.faults import Fault, Faults
from devstack.eventhubs.transport import Transport

PLACES = frozenset({"send", "attach", "delay", "enospc"})


class Controlled(Protocol):
    """What commands act on: :class:`devstack.eventhubs.server.Server`."""

    faults: Faults
    connections: set[Transport]

    def disconnect_all(self) -> int:
        """Cut every connection; returns how many there were."""

    def expire(self, wall: float) -> None:
        """Apply retention now."""


async def serve_control(server: Controlled, path: Path) -> asyncio.Server:
    """Listen on a Unix socket that only this user can reach."""

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(answer(server, line)).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()

    return await asyncio.start_unix_server(session, sock=_private_socket(path))


def _private_socket(path: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    bound.bind(str(path))
    path.chmod(0o600)
    return bound


def answer(server: Controlled, line: bytes) -> dict[str, Any]:
    """Do one command; ``{"error": …}`` for one that is not known."""
    try:
        command = json.loads(line)
        return _do(server, command)
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        return {"error": f"{fault!r} in {line!r}"}


def _do(server: Controlled, command: dict[str, Any]) -> dict[str, Any]:
    what = command["do"]
    if what == "fault":
        place = command["place"]
        if place not in PLACES:
            return {"error": f"{place!r} is none of {sorted(PLACES)}"}
        default = Fault()
        server.faults.active[place] = Fault(
            int(command.get("count", default.count)),
            str(command.get("condition", default.condition)),
            float(command.get("seconds", default.seconds)),
        )
        return {"ok": True}
    if what == "clear":
        server.faults.active.clear()
        return {"ok": True}
    if what == "disconnect":
        return {"disconnected": server.disconnect_all()}
    if what == "retain":
        server.expire(time.time())
        return {"ok": True}
    if what == "stats":
        return _stats(server)
    return {"error": f"{what!r} is no command"}


def _stats(server: Controlled) -> dict[str, Any]:
    """Open connections, bytes waiting for the slowest client and for all, CPU seconds, peak memory in KiB."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    waiting = [transport.buffered for transport in server.connections]
    return {
        "connections": len(waiting),
        "buffered_most": max(waiting, default=0),
        "buffered": sum(waiting),
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_kib": used.ru_maxrss,
    }
