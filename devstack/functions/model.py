"""Functions and bindings as the worker's index reports them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError

TRIGGERS = {
    "eventHubTrigger": "Event Hubs",
    "cosmosDBTrigger": "Cosmos DB",
    "timerTrigger": "timer",
    "queueTrigger": "queue",
    "blobTrigger": "blob",
    "httpTrigger": "HTTP",
}
OUTPUTS = ("queue", "eventHub", "cosmosDB", "http")
RETRIED = ("eventHubTrigger", "cosmosDBTrigger", "timerTrigger", "httpTrigger", "queueTrigger")


@dataclass(frozen=True)
class RetryPolicy:
    """Delays in seconds; ``max_count`` -1 is for ever (facts: retry wraps the whole batch, in memory)."""

    strategy: str
    max_count: int
    delay: float = 0.0
    minimum: float = 0.0
    maximum: float = 0.0


@dataclass(frozen=True)
class Function:
    """One function: its trigger, its outputs, and how often a failed invocation is tried again."""

    id: str
    name: str
    is_async: bool
    trigger: dict[str, Any]
    bindings: tuple[dict[str, Any], ...]
    retry: RetryPolicy | None

    @property
    def kind(self) -> str:
        """The trigger's type, such as ``eventHubTrigger``."""
        return str(self.trigger["type"])

    @property
    def outputs(self) -> tuple[dict[str, Any], ...]:
        """Output bindings other than the HTTP response."""
        return tuple(b for b in self.bindings if b["direction"] == "OUT" and b["type"] != "http")

    def where(self, binding: Mapping[str, Any] | None = None) -> str:
        """How messages name a function and one of its bindings."""
        one = binding or self.trigger
        return f"function {self.name!r}, {one['type']} {one.get('name')!r}"

    def text(self, key: str, configuration: Configuration, default: str | None = None) -> str:
        """A text of the trigger, with settings resolved. ``ConfigurationError`` when there is none."""
        found = self.trigger.get(key) or default
        if not isinstance(found, str):
            raise ConfigurationError(f"{self.where()}: {key} is missing")
        return configuration.resolve(found, f"{self.where()}, {key}")


def build(reported: Mapping[str, Any]) -> Function:
    """A function of the worker's report. ``ConfigurationError`` for a binding this host does not serve."""
    bindings = tuple(json.loads(raw) for raw in reported["raw_bindings"])
    name = str(reported["name"])
    triggers = [one for one in bindings if str(one["type"]).endswith("Trigger")]
    if len(triggers) != 1:
        raise ConfigurationError(f"function {name!r} has {len(triggers)} triggers: it needs exactly one")
    retry = RetryPolicy(**reported["retry"]) if reported["retry"] else None
    function = Function(reported["id"], name, bool(reported["is_async"]), triggers[0], bindings, retry)
    _check(function)
    return function


def _check(function: Function) -> None:
    if function.kind not in TRIGGERS:
        raise ConfigurationError(
            f"{function.where()}: this host has no such trigger; it has {', '.join(TRIGGERS)}"
        )
    for binding in function.bindings:
        if binding is function.trigger:
            continue
        if binding["direction"] != "OUT" or binding["type"] not in OUTPUTS:
            raise ConfigurationError(
                f"{function.where(binding)}: the bindings served here are outputs of {', '.join(OUTPUTS)};"
                " use the service's SDK in the function instead"
            )
    if function.retry and function.kind not in RETRIED:
        raise ConfigurationError(
            f"{function.where()}: retry policies work here for {', '.join(RETRIED)} only; the platform takes"
            " one of others with a warning that it soon will not. Remove it"
        )
