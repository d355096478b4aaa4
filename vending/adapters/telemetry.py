"""Figures through OpenTelemetry, where the platform has switched it on, and nowhere else.

The worker configures OpenTelemetry itself, before it imports the app, when the setting
``PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY`` says so (azure_functions_runtime/otel.py). So whether its API
is loaded already *is* the switch: nothing is configured here, and where it is off nothing is imported.
"""

import sys
from importlib import import_module
from typing import Any, Literal

from vending.ports import Figure, Metrics

NAME = "vendstream"
Kind = Literal["counter", "histogram"]
INSTRUMENTS: dict[Figure, tuple[Kind, str, str]] = {
    "events": ("counter", "{event}", "Events by function and outcome; dead letters also by reason"),
    "batch.size": ("histogram", "{event}", "Events, or documents of a change feed, of one invocation"),
    "lag": ("histogram", "s", "Age of the oldest event of a batch when it is done, by function"),
    "waiting": ("histogram", "s", "Age of the oldest event or change that a function has still to do"),
    "holes": ("histogram", "{event}", "Ledger events still missing, over the machines of a batch"),
    "holes.closed": ("counter", "{hole}", "Holes in ledger numbers that were closed as lost"),
    "request.units": ("counter", "{RU}", "Request units by function"),
    "throttles": ("counter", "{request}", "Requests that Cosmos DB refused with 429, by function"),
    "alerts": ("counter", "{alert}", "Alerts that opened or closed, by function"),
}
"""Every figure, below ``vendstream.``: its kind, its unit (UCUM), and what it says."""


class Silent:
    """The port Metrics where nobody listens."""

    def tell(self, name: Figure, value: float, **about: str) -> None:  # noqa: ARG002 - the port's
        """Nothing, but a wrong name is wrong here, too: it would be found in production only."""
        if name not in INSTRUMENTS:
            raise KeyError(name)


class OpenTelemetry:
    """The port Metrics on OpenTelemetry's API; an instrument is made when it is first told of."""

    def __init__(self, meter: Any) -> None:
        self._meter = meter
        self._record: dict[str, Any] = {}

    def tell(self, name: Figure, value: float, **about: str) -> None:
        """Count, or record, a value."""
        if name not in self._record:
            kind, unit, description = INSTRUMENTS[name]
            if kind == "counter":
                self._record[name] = self._meter.create_counter(f"{NAME}.{name}", unit, description).add
            else:
                self._record[name] = self._meter.create_histogram(f"{NAME}.{name}", unit, description).record
        self._record[name](value, about)


def metrics() -> Metrics:
    """Where figures go in this process."""
    if "opentelemetry" not in sys.modules:
        return Silent()
    return OpenTelemetry(import_module("opentelemetry.metrics").get_meter(NAME))
