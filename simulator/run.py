"""A fleet in real time, or faster; and its deliveries as text, without a hub."""

import base64
import json
import os
import sys
from dataclasses import dataclass

from simulator.device import iso
from simulator.link import Delivery
from simulator.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Hub:
    """Where events go."""

    connection: str | None
    name: str
    commands: str = ""
    """The address of the application whose commands devices obey; none without."""

    @property
    def given(self) -> str:
        """The connection string. Raises ValueError where none was given."""
        if not self.connection:
            raise ValueError("--connection is missing (or give --dry-run)")
        return self.connection


def print_deliveries(timeline: Timeline, end: int) -> None:
    """Everything up to a model time as JSON lines on stdout."""
    try:
        for at, delivery in timeline.until(end):
            sys.stdout.write(json.dumps(line(at, delivery), ensure_ascii=False, separators=(",", ":")) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def line(at: int, delivery: Delivery) -> dict[str, str]:
    """A delivery for people and programs: the body byte for byte, ``body64`` where it is no UTF-8."""
    told = {"at": iso(at), "partitionKey": delivery.key, "kind": delivery.reason or delivery.kind}
    if delivery.publisher:
        told["publisher"] = delivery.publisher
    if delivery.section:
        told["section"] = delivery.section
    try:
        return told | {"body": delivery.body.decode()}
    except UnicodeDecodeError:
        return told | {"body64": base64.b64encode(delivery.body).decode()}
