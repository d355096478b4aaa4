"""``devstack status``: what answers on the usual ports, and which functions are loaded."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable

from devstack.stack import Ports

PATIENCE = 2.0
OPTIONAL = ("mail", "mails", "Functions")
"""Whatever else stands without them."""


def amqp(port: int) -> str:
    """Whether an AMQP 1.0 server answers the protocol header (with SASL, as Event Hubs does)."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire:
        wire.sendall(b"AMQP\x03\x01\x00\x00")
        said = wire.recv(8)
    return "AMQP 1.0" if said.startswith(b"AMQP\x03\x01") else f"no AMQP server: it said {said!r}"


def http(port: int) -> str:
    """What an HTTP server calls itself."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
            server = answer.headers.get("Server")
    except urllib.error.HTTPError as answer:
        server = answer.headers.get("Server")
        answer.close()
    return f"HTTP, {server or 'unnamed'}"


def smtp(port: int) -> str:
    """How an SMTP server greets."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire:
        wire.settimeout(PATIENCE)
        said = wire.recv(512)
    return "SMTP" if said.startswith(b"220") else f"no SMTP server: it said {said!r}"


def functions(port: int) -> str:
    """The functions of a host."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/functions", timeout=PATIENCE) as answer:
        names = [found["name"] for found in json.load(answer)]
    return f"{len(names)} functions: {', '.join(names)}"


def asked_of(port: int, question: Callable[[int], str]) -> tuple[bool, str]:
    """Whether something answers, and what."""
    try:
        return True, question(port)
    except (OSError, ValueError, KeyError) as fault:
        return False, f"nothing answers ({fault})"


def look(ports: Ports, functions_port: int) -> tuple[dict[str, tuple[int, bool, str]], bool]:
    """Part → its port, whether it answers, and what; and whether all three services do."""
    questions = {
        "Event Hubs": (ports.eventhubs, amqp),
        "Cosmos DB": (ports.cosmos, http),
        "blobs": (ports.blob, http),
        "queues": (ports.queue, http),
        "mail": (ports.smtp, smtp),
        "mails": (ports.mails, http),
        "Functions": (functions_port, functions),
    }
    found = {name: (port, *asked_of(port, question)) for name, (port, question) in questions.items()}
    return found, all(there for name, (_, there, _) in found.items() if name not in OPTIONAL)
