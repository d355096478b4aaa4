"""What the health check looks at: each store of ``vending/resources.py``, and the app's own alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from vending import resources
from vending.recent import Recent
from vending.views import health
from vending.views.health import Probe
from vending.wiring.clients import blobs, container, queue
from vending.wiring.once import once

HEALTH_FOR = timedelta(seconds=5)
"""How long an answer about health stands: anybody may ask, as often as he likes."""


@once
def recent_health() -> Recent:
    """What this process found when it was asked for its health."""
    return Recent(HEALTH_FOR)


def health_probes() -> dict[str, Probe]:
    """One cheap read of every store, by its name: an item that does not exist, the length of a queue.

    The clients are built here: importing them takes seconds, which are not the stores'. A connection that is
    missing costs its own stores.
    """
    documents = [name for name in resources.CONTAINERS if name != resources.LEASES]
    return (
        {f"cosmos/{name}": _probe(_look_at_container, name) for name in documents}
        | {f"blobs/{name}": _probe(_look_at_blobs, name) for name in resources.BLOB_CONTAINERS}
        | {f"queues/{name}": _probe(_look_at_queue, name) for name in resources.QUEUES}
    )


async def troubles() -> list[str]:
    """What the app's own open alerts say; asks the container ``alerts``."""
    return await health.troubles(container("alerts"))


def _probe(build: Callable[[str], Probe], name: str) -> Probe:
    try:
        return build(name)
    except (KeyError, ValueError) as fault:
        why = fault  # the name of an except clause ends with it

        async def unbuilt() -> None:
            raise why

        return unbuilt


def _look_at_container(name: str) -> Probe:
    return partial(container(name).read, "health", "health")


def _look_at_blobs(name: str) -> Probe:
    return partial(blobs(name).blocks, "health")


def _look_at_queue(name: str) -> Probe:
    return queue(name).length
