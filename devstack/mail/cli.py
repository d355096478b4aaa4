"""``devstack mail``: serve one mailbox until SIGTERM or SIGINT."""

import asyncio
import json
import os
import signal
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devstack.mail.mailbox import Bounds
from devstack.mail.server import MailServer
from devstack.mail.smtp import HOST, Fault, Manners, Tls


@dataclass(frozen=True, slots=True)
class Options:
    """How a mailbox is served; ``login`` is ``USER:PASSWORD``, the files are PEM."""

    port: int
    data: Path
    ready_file: Path | None = None
    page_port: int = 0
    fault: Fault = "none"
    tls: Tls = "none"
    certificate: Path | None = None
    key: Path | None = None
    login: str = ""
    bounds: Bounds = field(default_factory=Bounds)

    def manners(self) -> Manners:
        """As the server takes them. Raises ValueError where options contradict each other, OSError."""
        user, colon, password = self.login.partition(":")
        if self.login and not (user and colon):
            raise ValueError("--login: say USER:PASSWORD")
        if (self.tls == "none") != (self.certificate is None):
            raise ValueError("--tls and --certificate belong together")
        context = None
        if self.certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate, self.key)
        return Manners(self.fault, self.tls, context, user, password)


def run(options: Options, listening: Callable[[dict[str, Any], str], None]) -> None:
    """Serve until a signal. Raises OSError, ValueError when it cannot start."""
    asyncio.run(_serve(options, listening))


async def _serve(options: Options, listening: Callable[[dict[str, Any], str], None]) -> None:
    stopped = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopped.set)
    asked = options.data, options.port, options.page_port, options.manners(), options.bounds
    async with MailServer(*asked) as server:
        ready = {"port": server.port, "pid": os.getpid(), "page": server.page}
        fault = "" if options.fault == "none" else f"; TEST FAULT {options.fault}"
        listening(
            ready, f"SMTP on {HOST}:{server.port}, mails on {server.page}; data in {options.data}{fault}"
        )
        if options.ready_file is not None:
            _announce(options.ready_file, ready)
        await stopped.wait()


def _announce(path: Path, ready: dict[str, Any]) -> None:
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(json.dumps(ready))
    draft.replace(path)
