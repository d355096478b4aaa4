"""Output bindings: what a function put into ``func.Out`` or returned for ``$return``.

A failed invocation writes nothing; an output that fails fails its invocation.
"""

from typing import Any

from devstack.functions.config import Configuration
from devstack.functions.model import Function
from devstack.functions.output_binding import OutputBinding
from devstack.functions.output_cosmos import CosmosOutput
from devstack.functions.output_event_hub import EventHubOutput
from devstack.functions.output_queue import QueueOutput
from devstack.functions.storage import Storage


class Outputs:
    """Writes the outputs of successful invocations."""

    def __init__(self, configuration: Configuration, storage: Storage) -> None:
        self._types: dict[str, OutputBinding] = {
            "queue": QueueOutput(configuration, storage),
            "eventHub": EventHubOutput(configuration, storage),
            "cosmosDB": CosmosOutput(configuration, storage),
        }

    def check(self, function: Function) -> None:
        """Resolve names and connections now, so that a mistake is told at start-up."""
        for binding in function.outputs:
            self._types[binding["type"]].check(binding, function.where(binding))

    async def write(self, function: Function, outputs: list[tuple[str, Any]], result: Any) -> None:
        """Write every value. ``OutputFailed`` when one cannot be written."""
        values = dict(outputs)
        values.setdefault("$return", result)
        for binding in function.outputs:
            value = values.get(binding["name"])
            if value is not None:
                await self._types[binding["type"]].write(binding, function.where(binding), value)
