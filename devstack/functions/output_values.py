"""What an output binding makes of a function's value: the items that it writes, each on its own.

Source: azure-functions-host GrpcMessageConversionExtensions (``ToObject``) and FunctionBinding
(``ReadAsEnumerable``, ``BindAsyncCollectorAsync``). Queue and Event Hubs bindings collect bytes, the Cosmos
DB binding objects. A *text* that looks like JSON is parsed first: an array becomes several items, anything
else is written anew (:mod:`devstack.functions.dotnet_json`). Lists and bytes are taken as they are.
"""

from typing import Any

from devstack.functions import dotnet_json
from devstack.functions.errors import HostError
from devstack.functions.wire import Wire


class OutputFailed(HostError):
    """An output could not be written: the invocation fails, as on the platform."""


def bodies(value: Wire, where: str) -> list[bytes]:
    """The messages of a value, for a binding that sends bytes. ``OutputFailed`` for what it cannot take."""
    kind, content = value
    if kind == "bytes":
        return [bytes(content)]
    items, dates = _items(value, where)
    return [dotnet_json.bare(one, dates=dates).encode() for one in items]


def documents(value: Wire, where: str) -> list[dict[str, Any]]:
    """The objects of a value, for a binding that stores documents."""
    items, dates = _items(value, where) if value[0] != "bytes" else ([value[1]], False)
    wrong = [type(one).__name__ for one in items if not isinstance(one, dict)]
    if wrong:
        raise OutputFailed(
            f"{where}: {wrong[0]} is no document: set a func.Document, a func.DocumentList or a JSON object"
        )
    # What was a text went through .NET's dates and numbers; a list of documents keeps its dates.
    return [dotnet_json.parse(dotnet_json.indented(one, dates=dates)) for one in items]


def _items(value: Wire, where: str) -> tuple[list[Any], bool]:
    """Items, and whether dates in them are rewritten (texts only: lists are read with dates left alone)."""
    kind, content = value
    if kind == "json" or (kind == "string" and dotnet_json.looks_like(content)):
        try:
            found = dotnet_json.parse(content)
        except ValueError as error:
            raise OutputFailed(
                f"{where}: the value looks like JSON and is none, which fails on the platform too: {error}"
            ) from error
        return (found if isinstance(found, list) else [found]), kind == "string"
    if kind in ("string", "int", "double"):
        return [content], False
    raise OutputFailed(f"{where}: a value of type {kind} is not served: set a text, bytes or a list of texts")
