"""HTTP trigger: a request becomes a datum, the function's answer a response.

Source: azure-functions-host GrpcMessageConversionExtensions and ScriptRouteHandler: header names in lower
case, empty query values dropped, the body as bytes and only with a Content-Length; 500 without a body
when the function raises. Measured on the real host: answers are chunked, and what cannot be sent is a 500.
"""

import asyncio
import json
import re
from typing import Any
from urllib.parse import quote

from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from devstack.functions import dotnet_json, log
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Call, Invoker
from devstack.functions.model import Function
from devstack.functions.routes import Route, compile_route, decoded
from devstack.functions.wire import Wire

_HOP_BY_HOP = ("content-length", "transfer-encoding", "connection")
_HEADER = re.compile(r"[\t\x20-\x7e]*")
_PATH = "/.-_~!$&'()*+,;=:@"
_KEY = re.compile(r"(code(?:=|%3D))[^&/;?#]*", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_SHOWN = 200
"""Characters of a path in the log."""


class HttpTrigger:
    """One function behind one route. ``methods`` is empty for any."""

    def __init__(
        self, function: Function, invoker: Invoker, prefix: str, configuration: Configuration
    ) -> None:
        self.function = function
        self._invoker = invoker
        self._never = asyncio.Event()
        found = configuration.resolve(function.trigger.get("route") or function.name, function.where())
        self.route: Route = compile_route("/".join(filter(None, (prefix, found))), function.where())
        self.methods = tuple(str(one).upper() for one in function.trigger.get("methods") or ())
        self.level = str(function.trigger.get("authLevel") or "FUNCTION").lower()
        if self.level not in ("anonymous", "function", "admin"):
            raise ConfigurationError(f"{function.where()}: authLevel {self.level!r} is not served")

    def takes(self, method: str) -> bool:
        """Whether the function serves this verb."""
        return not self.methods or method in self.methods

    async def answer(self, request: web.Request, parameters: dict[str, str]) -> web.Response:
        """Run the function for a request; 500 when it fails."""
        body = await request.read() if request.content_length else b""
        payload = _datum(request, parameters, body)
        metadata: dict[str, Wire] = {name: ("string", value) for name, value in parameters.items()}
        call = Call(payload, metadata, f"{request.method} {shown(request.rel_url.raw_path)}")
        outcome = await self._invoker.run(self.function, call, self._never)
        if not outcome.ok:
            return web.Response(status=500)
        return _chunked(request, _response(outcome.result, self.function))

    async def by_hand(self, given: str | None) -> None:
        """Run it as the admin endpoint does, with the input as the body of a POST."""
        body = (given or "").encode()
        parts: dict[str, Any] = {name: {} for name in ("headers", "query", "params")}
        address = f"http://127.0.0.1/{self.route.template}"
        parts |= {"method": ("string", "POST"), "url": ("string", address), "body": ("bytes", body)}
        await self._invoker.run(self.function, Call(("http", parts), {}, "by hand"), self._never)


def shown(raw_path: str) -> str:
    """A path for the log: as it was sent, so nothing in it moves a terminal's cursor; without keys, which
    people also put where no query is; of bounded length."""
    text = _KEY.sub(r"\1***", _UNPRINTABLE.sub("?", raw_path))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _datum(request: web.Request, parameters: dict[str, str], body: bytes) -> Wire:
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
            "url": ("string", _address(request)),
            "headers": {name: ("string", value) for name, value in headers.items()},
            "query": {name: ("string", value) for name, value in query.items()},
            "params": {name: ("string", value) for name, value in parameters.items()},
            "body": ("bytes", body),
        },
    )


def _address(request: web.Request) -> str:
    """The path decoded and encoded anew, so that ``%2B`` is a plus sign; the query as it was sent."""
    path = "".join(
        one if one.upper() == "%2F" else quote(one, safe=_PATH)
        for one in re.split("(%2[fF])", decoded(request.rel_url.raw_path))
    )
    query = request.rel_url.raw_query_string
    return f"{request.scheme}://{request.host}{path}{'?' + query if query else ''}"


def _response(result: Any, function: Function) -> web.Response:
    """200 with an empty body for None; a response as the function built it; a JSON text indented anew."""
    if result is None:
        return web.Response(status=200)
    kind, value = result
    if kind == "http":
        return _built(value, function)
    if kind == "bytes":
        return web.Response(body=value)
    return web.Response(text=_text(value if isinstance(value, str) else json.dumps(value)))


def _text(text: str) -> str:
    """A JSON object or array that a function returns as text comes out parsed and written anew."""
    if not dotnet_json.looks_like(text):
        return text
    try:
        return dotnet_json.indented(dotnet_json.parse(text), dates=True)
    except ValueError:
        return text


def _built(value: dict[str, Any], function: Function) -> web.Response:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, text in value["headers"].items():
        if _HEADER.fullmatch(text) is None:
            log.error(
                f"{function.where()}: header {name} of the answer is not ASCII: 500, as on the platform"
            )
            return web.Response(status=500)
        if name.lower() == "content-length" and text.strip() != str(len(value["body"])):
            log.error(f"{function.where()}: Content-Length {text} is not the body's: 500, as there")
            return web.Response(status=500)
        if name.lower() not in _HOP_BY_HOP:
            headers.add(name, text)
    for cookie in value["cookies"]:
        headers.add("Set-Cookie", cookie)
    return web.Response(status=value["status"], headers=headers, body=value["body"])


def _chunked(request: web.Request, response: web.Response) -> web.Response:
    """A body goes out in chunks, as from the platform."""
    if response.body and request.method != "HEAD" and request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    return response
