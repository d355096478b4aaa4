"""``python -m devstack status``: what answers on the usual ports, and which functions are loaded."""

import argparse
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable

from devstack.stack import Ports

PATIENCE = 2.0


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


def main(argv: list[str]) -> int:
    """The command: 0 when the three services answer."""
    usual = Ports()
    parser = argparse.ArgumentParser(prog="python -m devstack status", description=__doc__)
    for name in ("eventhubs", "cosmos", "blob", "queue"):
        parser.add_argument(
            f"--{name}-port", type=int, default=getattr(usual, name), help="default %(default)s"
        )
    parser.add_argument("--functions-port", type=int, default=7071, help="default %(default)s")
    asked = parser.parse_args(argv)
    answers = {
        f"Event Hubs  {asked.eventhubs_port}": asked_of(asked.eventhubs_port, amqp),
        f"Cosmos DB   {asked.cosmos_port}": asked_of(asked.cosmos_port, http),
        f"blobs       {asked.blob_port}": asked_of(asked.blob_port, http),
        f"queues      {asked.queue_port}": asked_of(asked.queue_port, http),
    }
    _, loaded = asked_of(asked.functions_port, functions)
    for name, (_, said) in answers.items():
        print(f"{name}  {said}")
    print(f"Functions   {asked.functions_port}  {loaded}")
    return 0 if all(there for there, _ in answers.values()) else 1
