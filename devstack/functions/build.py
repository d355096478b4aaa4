"""Listeners for an app's functions."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Invoker
from devstack.functions.listeners import Listener, cosmos, event_hub_settings, queue
from devstack.functions.listeners.blob import BlobTriggers
from devstack.functions.listeners.event_hubs import EventHubListener
from devstack.functions.listeners.http import HttpTrigger
from devstack.functions.listeners.queue_loop import Wakes
from devstack.functions.listeners.timer import TimerListener
from devstack.functions.model import Function
from devstack.functions.storage import Storage


@dataclass(frozen=True)
class Listeners:
    """Listeners by function name, HTTP triggers, and what the admin endpoint can run by hand."""

    by_name: dict[str, Listener]
    http: list[HttpTrigger]
    manual: dict[str, Callable[[str | None], Awaitable[None]]]


class _Builder:
    def __init__(
        self, invoker: Invoker, configuration: Configuration, storage: Storage, host_id: str
    ) -> None:
        self._invoker = invoker
        self._configuration = configuration
        self._storage = storage
        self._host_id = host_id
        self._wakes = Wakes()
        self._blobs: BlobTriggers | None = None
        self.made = Listeners({}, [], {})

    def add(self, function: Function) -> None:
        match function.kind:
            case "httpTrigger":
                prefix = str(self._configuration.value("extensions.http.routePrefix", "api")).strip("/")
                self.made.http.append(HttpTrigger(function, self._invoker, prefix, self._configuration))
            case "timerTrigger":
                self._timer(function)
            case "queueTrigger":
                self._queue(function)
            case "eventHubTrigger":
                self.made.by_name[function.name] = self._event_hub(function)
            case "cosmosDBTrigger":
                settings = cosmos.read(function, self._configuration)
                self.made.by_name[function.name] = cosmos.CosmosListener(function, self._invoker, settings)
            case "blobTrigger":
                self.made.by_name[function.name] = self._blob(function)

    def _timer(self, function: Function) -> None:
        timer = TimerListener(function, self._invoker, self._configuration, self._storage, self._host_id)

        async def run(_input: str | None) -> None:
            await timer.trigger()

        self.made.by_name[function.name] = timer
        self.made.manual[function.name] = run

    def _queue(self, function: Function) -> None:
        listener, by_hand = queue.build(
            function, self._invoker, self._configuration, self._storage, self._wakes
        )
        self.made.by_name[function.name] = listener
        self.made.manual[function.name] = by_hand

    def _blob(self, function: Function) -> BlobTriggers:
        """All blob triggers are one listener: one scan and one internal queue a host."""
        if self._blobs is None:
            self._blobs = BlobTriggers(
                self._invoker, self._configuration, self._storage, self._host_id, self._wakes
            )
        self._blobs.add(function)
        return self._blobs

    def _event_hub(self, function: Function) -> EventHubListener:
        settings = event_hub_settings.read(self._configuration)
        connection = self._configuration.connection(function.trigger.get("connection"), function.where())
        hub = function.text("eventHubName", self._configuration)
        group = function.text("consumerGroup", self._configuration, "$Default")
        if not connection.lower().startswith("endpoint=sb://"):
            raise ConfigurationError(f"{function.where()}: the connection must read Endpoint=sb://…")
        names = (connection, hub, group)
        return EventHubListener(function, self._invoker, settings, names, self._storage)


def listeners(
    functions: list[Function], invoker: Invoker, configuration: Configuration, storage: Storage, host_id: str
) -> Listeners:
    """Build every listener; ``ConfigurationError`` for the first that cannot be."""
    builder = _Builder(invoker, configuration, storage, host_id)
    for function in functions:
        builder.add(function)
    _no_double_routes(builder.made.http)
    return builder.made


def _no_double_routes(triggers: list[HttpTrigger]) -> None:
    seen: dict[str, str] = {}
    for trigger in triggers:
        for method in trigger.methods:
            key = json.dumps([method, trigger.route.template.lower()])
            other = seen.setdefault(key, trigger.function.name)
            if other != trigger.function.name:
                raise ConfigurationError(
                    f"{trigger.function.where()}: {method} {trigger.route.template!r} is already the route of"
                    f" {other!r}; change one of them"
                )
