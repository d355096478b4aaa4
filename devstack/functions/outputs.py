"""Output bindings: what a function put into ``func.Out`` or returned for ``$return``.

A failed invocation writes nothing; an output that fails fails its invocation.
"""

from collections.abc import Callable
from typing import Any

from devstack.functions.config import Configuration
from devstack.functions.model import Function
from devstack.functions.output_binding import OutputBinding
from devstack.functions.storage import Storage


class Outputs:
    """Writes the outputs of successful invocations."""

    def __init__(self, configuration: Configuration, storage: Storage) -> None:
        self._configuration = configuration
        self._storage = storage
        self._types: dict[str, OutputBinding] = {}

    def check(self, function: Function) -> None:
        """Resolve names and connections now, so that a mistake is told at start-up."""
        for binding in function.outputs:
            self._of(binding["type"]).check(binding, function.where(binding))

    async def write(self, function: Function, outputs: list[tuple[str, Any]], result: Any) -> None:
        """Write every value. ``OutputFailed`` when one cannot be written."""
        values = dict(outputs)
        values.setdefault("$return", result)
        for binding in function.outputs:
            value = values.get(binding["name"])
            if value is not None:
                await self._of(binding["type"]).write(binding, function.where(binding), value)

    def _of(self, kind: str) -> OutputBinding:
        if kind not in self._types:
            self._types[kind] = _binding(kind)(self._configuration, self._storage)
        return self._types[kind]


def _binding(kind: str) -> Callable[[Configuration, Storage], OutputBinding]:
    """Imported where the app has one: its SDK is slow to import. Raises KeyError."""
    match kind:
        case "queue":
            from devstack.functions.output_queue import QueueOutput

            return QueueOutput
        case "eventHub":
            from devstack.functions.output_event_hub import EventHubOutput

            return EventHubOutput
        case "cosmosDB":
            from devstack.functions.output_cosmos import CosmosOutput

            return CosmosOutput
    raise KeyError(kind)
