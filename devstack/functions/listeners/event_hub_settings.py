"""Settings of the Event Hubs trigger: host.json ``extensions.eventHubs`` (defaults of EventHubOptions).

The two balancing intervals are the extension's too, but shorter here (10 s and 30 s instead of 30 s and 2
min), so that a host that was killed does not keep its successor waiting.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError

_ROOT = "extensions.eventHubs"
CONTAINER = "azure-webjobs-eventhub"
LATE = "DEVSTACK_LATE_BATCHES"
"""How many later batches a stop during a retry still calls, out of order and without a checkpoint.

The platform does this with one to three; here none comes unless asked for, so that stops are all alike."""


@dataclass(frozen=True)
class EventHubSettings:
    """Counts of events, times in seconds. ``start`` is ``fromStart``, ``fromEnd`` or a moment;
    ``late_batches`` come after a retry that a stop has cut off; ``prefetch_bytes`` goes before ``prefetch``.
    """

    max_batch: int
    min_batch: int
    max_wait: float
    prefetch: int
    checkpoint_frequency: int
    start: str | datetime
    balance_interval: float
    ownership_expiry: float
    late_batches: int = 0
    prefetch_bytes: int | None = None


def read(configuration: Configuration) -> EventHubSettings:
    """Read and check the section."""
    maximum = configuration.integer(f"{_ROOT}.maxEventBatchSize", 100, low=1)
    minimum = configuration.integer(f"{_ROOT}.minEventBatchSize", 1, low=1)
    if minimum > maximum:
        raise ConfigurationError(
            f"host.json {_ROOT}: minEventBatchSize {minimum} is over maxEventBatchSize {maximum}"
        )
    wait = configuration.seconds(f"{_ROOT}.maxWaitTime", "00:01:00")
    if wait > 600:
        raise ConfigurationError(f"host.json {_ROOT}.maxWaitTime is over ten minutes")
    return EventHubSettings(
        max_batch=maximum,
        min_batch=minimum,
        max_wait=wait,
        prefetch=configuration.integer(f"{_ROOT}.prefetchCount", 300, low=1),
        checkpoint_frequency=configuration.integer(f"{_ROOT}.batchCheckpointFrequency", 1, low=1),
        start=_start(configuration),
        balance_interval=configuration.seconds(f"{_ROOT}.loadBalancingUpdateInterval", "00:00:10"),
        ownership_expiry=configuration.seconds(f"{_ROOT}.partitionOwnershipExpirationInterval", "00:00:30"),
        late_batches=_late(configuration),
        prefetch_bytes=_bytes(configuration),
    )


def _bytes(configuration: Configuration) -> int | None:
    """``prefetchSizeInBytes``; without one the count alone bounds what is held."""
    name = f"{_ROOT}.prefetchSizeInBytes"
    if configuration.value(name, None) is None:
        return None
    return configuration.integer(name, 0, high=2**63 - 1)


def _late(configuration: Configuration) -> int:
    text = configuration.setting(LATE) or "0"
    if text not in ("0", "1", "2", "3"):
        raise ConfigurationError(f"{LATE} is {text!r}: write a number from 0 to 3")
    return int(text)


def _start(configuration: Configuration) -> str | datetime:
    kind: Any = configuration.value(f"{_ROOT}.initialOffsetOptions.type", "fromStart")
    if str(kind).lower() in ("fromstart", "fromend"):
        return "fromStart" if str(kind).lower() == "fromstart" else "fromEnd"
    text: Any = configuration.value(f"{_ROOT}.initialOffsetOptions.enqueuedTimeUtc", "")
    if str(kind).lower() == "fromenqueuedtime":
        try:
            return datetime.fromisoformat(str(text))
        except ValueError as error:
            raise ConfigurationError(
                f"host.json {_ROOT}.initialOffsetOptions.enqueuedTimeUtc is {text!r}:"
                " write it as 2026-01-31T00:00:00Z"
            ) from error
    raise ConfigurationError(
        f"host.json {_ROOT}.initialOffsetOptions.type is {kind!r}: fromStart, fromEnd or fromEnqueuedTime"
    )
