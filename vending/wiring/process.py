"""What a process is: its settings and version, how it decodes batches, where its figures go."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vending import settings as _settings
from vending.events.hub_event import HubEvent
from vending.ports import Metrics
from vending.settings import Settings
from vending.wiring.once import once

if TYPE_CHECKING:
    import azure.functions as func

    from vending.adapters.metering import Cost

log = logging.getLogger(__name__)

_said: set[str] = set()
"""What :func:`hub_events` has logged."""


@once
def settings() -> Settings:
    """This process's settings."""
    return Settings.read(os.environ)


def settings_fault() -> str | None:
    """What is wrong with this process's settings, if anything."""
    try:
        Settings.checked(os.environ)
    except ValueError as fault:
        return str(fault)
    return None


def cors_origins() -> frozenset[str]:
    """Origins whose pages may use the API. None where settings are wrong: health names the fault."""
    try:
        return settings().origins
    except ValueError:
        return frozenset()


def version() -> str:
    """This code's version."""
    return _settings.version()


def quick_decoding() -> bool:
    """Have the trigger's batches decoded by our own converter, where the library allows it."""
    from vending.adapters.decoding import install

    return install(_wanted)


def _wanted() -> bool:
    """What QUICK_DECODING says. Settings that are wrong stop no batch here: the function names the fault."""
    try:
        return settings().decodes_quickly
    except ValueError:
        return True


def decoder() -> str:
    """``quick``, or ``library: `` and why this process decodes batches slowly."""
    from vending.adapters.decoding import slow

    why = slow()
    return "quick" if why is None else f"library: {why}"


@once
def metrics() -> Metrics:
    """Where the figures of this process go."""
    from vending.adapters.telemetry import metrics

    return metrics()


@contextmanager
def metered(function: str) -> Iterator[Cost]:
    """Counts the request units of the block and tells them, however it ends: ``with … as cost``."""
    from vending.adapters.metering import metered

    with metered() as cost:
        try:
            yield cost
        finally:
            metrics().tell("request.units", cost.units, function=function)
            metrics().tell("throttles", cost.throttles, function=function)


def hub_events(events: Sequence[func.EventHubEvent]) -> list[HubEvent]:
    """A trigger's batch as the core sees it.

    Called within an invocation, so what the log should hold of the process as a whole is said here, once.
    """
    from vending.adapters.eventhubs import decode

    if (said := decoder()) != "quick" and said not in _said:
        _said.add(said)
        log.warning("batches are decoded slowly by the %s", said)
    return decode(events, settings().hub_generation)
