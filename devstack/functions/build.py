"""Listeners for an app's functions, each kind imported where the app has one: its SDK is slow to import."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Call, Invoker
from devstack.functions.listeners import Listener
from devstack.functions.listeners.http import HttpTrigger
from devstack.functions.listeners.wakes import Wakes
from devstack.functions.model import Function
from devstack.functions.storage import Storage

if TYPE_CHECKING:
    from devstack.functions.listeners.blob import BlobTriggers
    from devstack.functions.listeners.event_hubs import EventHubListener


@dataclass(frozen=True)
class Listeners:
    """Listeners by function name, HTTP triggers, what the admin endpoint can run by hand, and why a
    function has no listener.
    """

    by_name: dict[str, Listener]
    http: list[HttpTrigger]
    manual: dict[str, Callable[[str | None], Awaitable[None]]]
    errors: dict[str, str]


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
        self.made = Listeners({}, [], {}, {})

    def add(self, function: Function) -> None:
        match function.kind:
            case "httpTrigger":
                prefix = str(self._configuration.value("extensions.http.routePrefix", "api")).strip("/")
                trigger = HttpTrigger(function, self._invoker, prefix, self._configuration)
                self.made.http.append(trigger)
                self.made.manual[function.name] = trigger.by_hand
            case "timerTrigger":
                self._timer(function)
            case "queueTrigger":
                self._queue(function)
            case "eventHubTrigger":
                self.made.by_name[function.name] = self._event_hub(function)
            case "cosmosDBTrigger":
                self._cosmos(function)
            case "blobTrigger":
                self.made.by_name[function.name] = self._blob(function)

    def _timer(self, function: Function) -> None:
        from devstack.functions.listeners.timer import TimerListener

        timer = TimerListener(function, self._invoker, self._configuration, self._storage, self._host_id)

        async def run(_input: str | None) -> None:
            await timer.trigger()

        self.made.by_name[function.name] = timer
        self.made.manual[function.name] = run

    def _queue(self, function: Function) -> None:
        from devstack.functions.listeners import queue

        listener, by_hand = queue.build(
            function, self._invoker, self._configuration, self._storage, self._wakes
        )
        self.made.by_name[function.name] = listener
        self.made.manual[function.name] = by_hand

    def _blob(self, function: Function) -> "BlobTriggers":
        """All blob triggers are one listener: one scan and one internal queue a host."""
        from devstack.functions.listeners.blob import BlobTriggers

        if self._blobs is None:
            self._blobs = BlobTriggers(
                self._invoker, self._configuration, self._storage, self._host_id, self._wakes
            )
        self._blobs.add(function)
        return self._blobs

    def _event_hub(self, function: Function) -> "EventHubListener":
        from devstack.functions.listeners import event_hub_settings
        from devstack.functions.listeners.event_hubs import EventHubListener

        settings = event_hub_settings.read(self._configuration)
        connection = self._configuration.connection(function.trigger.get("connection"), function.where())
        hub = function.text("eventHubName", self._configuration)
        group = function.text("consumerGroup", self._configuration, "$Default")
        if not connection.lower().startswith("endpoint=sb://"):
            raise ConfigurationError(f"{function.where()}: the connection must read Endpoint=sb://…")
        names = (connection, hub, group)
        listener = EventHubListener(function, self._invoker, settings, names, self._storage)
        self.made.manual[function.name] = listener.by_hand
        return listener

    def _cosmos(self, function: Function) -> None:
        from devstack.functions.listeners import cosmos, cosmos_settings

        settings = cosmos_settings.read(function, self._configuration)

        async def run(given: str | None) -> None:
            await self._invoker.once(function, Call(("string", given or "[]"), {}, "by hand"))

        self.made.by_name[function.name] = cosmos.CosmosListener(function, self._invoker, settings)
        self.made.manual[function.name] = run


def listeners(
    functions: list[Function], invoker: Invoker, configuration: Configuration, storage: Storage, host_id: str
) -> Listeners:
    """Build every listener. A function that cannot have one is left out, with its error.

    ``ConfigurationError`` for what is wrong in host.json."""
    builder = _Builder(invoker, configuration, storage, host_id)
    for function in functions:
        try:
            builder.add(function)
        except ConfigurationError as error:
            if error.of_host:
                raise
            builder.made.errors[function.name] = str(error)
    return builder.made
