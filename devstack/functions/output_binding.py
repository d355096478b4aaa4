"""What every output binding does."""

from typing import Any, Protocol

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.wire import Wire


class OutputBinding(Protocol):
    """Writes the values of one type of binding. ``where`` names function and binding in messages."""

    def check(self, binding: dict[str, Any], where: str) -> None:
        """Resolve names and connections now, so that a mistake is told at start-up."""

    async def write(self, binding: dict[str, Any], where: str, value: Wire) -> None:
        """Write a value. ``OutputFailed`` when it cannot be taken or the service refuses it."""


def resolved(configuration: Configuration, binding: dict[str, Any], key: str, where: str) -> str:
    """A name of the binding with its settings filled in. ``ConfigurationError`` when there is none."""
    found = binding.get(key)
    if not isinstance(found, str) or not found:
        raise ConfigurationError(f"{where}: {key} is missing")
    name = configuration.resolve(found, f"{where}, {key}")
    if "{" in name:
        raise ConfigurationError(
            f"{where}: binding expressions such as {name!r} are not served; use %SETTING%"
        )
    return name
