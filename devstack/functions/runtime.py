"""The seam to ``azure-functions-runtime``: index an app, run one invocation. Only workers import this.

The library speaks protobuf classes that it does not ship. Stand-in records take their place for indexing;
invocations use its protobuf-free entry, ``native_invocation``, which is not in ``__all__``: the version
is pinned and a test guards the signature.
"""

import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as library  # type: ignore[import-untyped]
from azure_functions_runtime import handle_event, native_invocation
from azure_functions_runtime.bindings.datumdef import Datum  # type: ignore[import-untyped]

from devstack.functions import wire

_COLLECTIONS = {
    "collection_bytes": "bytes",
    "collection_string": "string",
    "collection_double": "double",
    "collection_sint64": "sint64",
}


class _Record:
    """Stands in for a protobuf message: keeps what it is built with."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class _StatusResult(_Record):
    Failure, Success, Cancelled = 0, 1, 2


_ENUMS = {"in": 0, "out": 1, "inout": 2, "undefined": 0, "string": 1, "binary": 2, "stream": 3}
_MESSAGES = (
    "WorkerInitResponse", "WorkerMetadata", "RpcException", "RpcFunctionMetadata", "RpcRetryOptions",
    "FunctionMetadataResponse", "FunctionLoadResponse",
)  # fmt: skip
PROTOS = SimpleNamespace(
    StatusResult=_StatusResult,
    BindingInfo=type("BindingInfo", (_Record,), _ENUMS),
    **{name: type(name, (_Record,), {}) for name in _MESSAGES},
)


active: set[str] = set()
"""Ids of the invocations in work: what is logged outside them the platform drops."""


class IndexFailed(Exception):
    """The library's own account of what is wrong with the app."""


class RetryException(str):
    """``retry_context.rpc_exception``: what the attempt before failed with; empty at the first."""

    __slots__ = ()
    source = ""

    @property
    def message(self) -> str:
        """Type and text."""
        return self.partition("\n")[0]

    @property
    def stack_trace(self) -> str:
        """The traceback."""
        return self.partition("\n")[2]


async def index(app: Path) -> list[dict[str, Any]]:
    """Import and index the app: name, id, bindings and retry policy of each function.

    Raises what that raises."""
    library.start_threadpool_executor()
    init = SimpleNamespace(capabilities={}, function_app_directory=str(app))
    request = SimpleNamespace(
        request=SimpleNamespace(worker_init_request=init), properties={"protos": PROTOS, "host": "127.0.0.1"}
    )
    # The library logs an indexing failure and also returns it; the host tells it once.
    logging.getLogger("azure.functions").setLevel(logging.CRITICAL)
    response = await library.worker_init_request(request)
    if response.result.status != _StatusResult.Success:
        error = response.result.exception
        raise IndexFailed(f"{error.message}\n{error.stack_trace}")
    found = await library.functions_metadata_request(request)
    return [_report(one) for one in found.function_metadata_results or []]


def _report(one: Any) -> dict[str, Any]:
    info = handle_event._functions.get_function(one.function_id)  # noqa: SLF001 - there is no public way
    if info.deferred_bindings_enabled:
        raise IndexFailed(
            f"function {one.name!r} takes an SDK type (deferred binding), which this host does not serve."
            " Take the azure.functions type instead"
        )
    return {
        "name": str(one.name),
        "id": str(one.function_id),
        "raw_bindings": [str(raw) for raw in one.raw_bindings],
        "retry": _retry(one.retry_options),
        "is_async": bool(info.is_async),
    }


def _retry(options: Any) -> dict[str, Any] | None:
    if options is None:
        return None
    zero = timedelta()
    return {
        "strategy": str(options.retry_strategy),
        "max_count": int(options.max_retry_count),
        "delay": getattr(options, "delay_interval", zero).total_seconds(),
        "minimum": getattr(options, "minimum_interval", zero).total_seconds(),
        "maximum": getattr(options, "maximum_interval", zero).total_seconds(),
    }


async def invoke(request: SimpleNamespace) -> dict[str, Any]:
    """Run one invocation: ``ok``, ``result``, ``outputs``, ``error``, ``traceback``, datums as wire pairs."""
    active.add(request.id)
    try:
        return await _invoke(request)
    finally:
        active.discard(request.id)


async def _invoke(request: SimpleNamespace) -> dict[str, Any]:
    retry_count, max_retry_count, last_error = request.retry
    try:
        ok, result, outputs, error, trace = await native_invocation.invocation_request_native(
            request.id,
            request.function,
            [(name, _datum(one)) for name, one in request.inputs],
            {name: _datum(one) for name, one in request.metadata.items()},
            # Without Application Insights the platform sends no trace context.
            "",
            "",
            retry_count,
            max_retry_count,
            RetryException(last_error),
        )
        return {
            "ok": bool(ok),
            "result": _wire(result),
            "outputs": [(str(name), _wire(one)) for name, one in outputs],
            "error": _named(error or "", trace or ""),
            "traceback": trace,
        }
    except Exception as problem:  # noqa: BLE001 - an output that cannot travel is a failed invocation
        return failure(f"{type(problem).__name__}: {problem}", "")


def _named(error: str, trace: str) -> str:
    """``ValueError: text``, as the platform's worker reports; the library gives ``ValueError('text')``."""
    name = error.partition("(")[0]
    last = trace.rpartition("Traceback (most recent call last):")[2]
    pattern = rf"^(?:[\w.]+\.)?({re.escape(name)}(?::.*)?)\Z"
    found = re.search(pattern, last.rstrip(), re.MULTILINE | re.DOTALL)
    return found[1] if found and name else error


def failure(error: str, trace: str) -> dict[str, Any]:
    """A failed invocation's answer."""
    return {"ok": False, "result": None, "outputs": [], "error": error, "traceback": trace}


def _datum(pair: wire.Wire) -> Datum:
    kind, value = pair
    if kind in _COLLECTIONS:
        return Datum(SimpleNamespace(**{_COLLECTIONS[kind]: value}), kind)
    if kind == "http":
        return Datum({key: _http_part(one) for key, one in value.items()}, kind)
    return Datum(value, kind)


def _http_part(one: Any) -> Any:
    return {key: _datum(pair) for key, pair in one.items()} if isinstance(one, dict) else _datum(one)


def _wire(datum: Any) -> Any:
    if datum is None or datum.type is None:
        return None
    if datum.type == "http":
        return ("http", _response(datum.value))
    value = datum.value
    return (str(datum.type), str(value) if isinstance(value, str) else value)


def _response(value: Mapping[str, Any]) -> dict[str, Any]:
    cookies = [morsel.OutputString() for jar in value.get("cookies") or [] for morsel in jar.values()]
    return {
        "status": int(value["status_code"].value),
        "headers": {str(name): str(one.value) for name, one in value["headers"].items()},
        "cookies": cookies,
        "body": bytes(value["body"].value or b""),
    }
