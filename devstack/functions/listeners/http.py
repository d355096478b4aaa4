"""HTTP trigger: a request becomes a datum, the function's answer a response.

Source: azure-functions-host GrpcMessageConversionExtensions and ScriptRouteHandler: header names in lower
case, empty query values dropped, the body as bytes and only with a Content-Length; 500 without a body
when the function raises.
"""

import json
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Call, Invoker
from devstack.functions.model import Function
from devstack.functions.routes import METHODS, Route, compile_route
from devstack.functions.wire import Wire

_HOP_BY_HOP = ("content-length", "transfer-encoding", "connection")


class HttpTrigger:
    """One function behind one route."""

    def __init__(
        self, function: Function, invoker: Invoker, prefix: str, configuration: Configuration
    ) -> None:
        self.function = function
        self._invoker = invoker
        found = configuration.resolve(function.trigger.get("route") or function.name, function.where())
        self.route: Route = compile_route("/".join(filter(None, (prefix, found))), function.where())
        self.methods = tuple(str(one).upper() for one in function.trigger.get("methods") or METHODS)
        self.level = str(function.trigger.get("authLevel") or "FUNCTION").lower()
        if self.level not in ("anonymous", "function", "admin"):
            raise ConfigurationError(f"{function.where()}: authLevel {self.level!r} is not served")

    async def answer(self, request: web.Request, parameters: dict[str, str]) -> web.Response:
        """Run the function for a request; 500 when it fails."""
        payload = await _datum(request, parameters)
        metadata: dict[str, Wire] = {name: ("string", value) for name, value in parameters.items()}
        reason = f"{request.method} {request.path}"
        outcome = await self._invoker.once(self.function, Call(payload, metadata, reason))
        headers = {"x-ms-invocation-id": outcome.id}
        if not outcome.ok:
            return web.Response(status=500, headers=headers)
        return _response(outcome.result, headers)


async def _datum(request: web.Request, parameters: dict[str, str]) -> Wire:
    body = await request.read()
    if not request.content_length:
        body = b""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    query: dict[str, str] = {}
    for name, value in request.query.items():
        if value:
            query[name] = f"{query[name]},{value}" if name in query else value
    return (
        "http",
        {
            "method": ("string", request.method),
            "url": ("string", str(request.url)),
            "headers": {name: ("string", value) for name, value in headers.items()},
            "query": {name: ("string", value) for name, value in query.items()},
            "params": {name: ("string", value) for name, value in parameters.items()},
            "body": ("bytes", body),
        },
    )


def _response(result: Any, extra: dict[str, str]) -> web.Response:
    """200 with an empty body for None; text as it is; a response as the function built it."""
    if result is None:
        return web.Response(status=200, headers=extra)
    kind, value = result
    if kind == "http":
        headers = CIMultiDict(extra)
        for name, text in value["headers"].items():
            if name.lower() not in _HOP_BY_HOP:
                headers.add(name, text)
        for cookie in value["cookies"]:
            headers.add("Set-Cookie", cookie)
        return web.Response(status=value["status"], headers=headers, body=value["body"])
    if kind == "bytes":
        return web.Response(body=value, headers=extra)
    text = value if isinstance(value, str) else json.dumps(value)
    return web.Response(text=text, headers=extra)
