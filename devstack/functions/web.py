"""The host's HTTP side: functions behind their routes, CORS, keys, and the admin endpoints of azure-
functions-host.
"""

import asyncio
import contextlib
import functools
import os
import platform
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import HttpVersion11, web

from devstack.functions.errors import ConfigurationError
from devstack.functions.http_limits import Limits
from devstack.functions.keys import Keys
from devstack.functions.listeners.http import HttpTrigger
from devstack.functions.model import Function
from devstack.functions.routes import decoded

VERSION = "4.1037.0"
MAX_HEADERS = 100
HEADER_BYTES = 32 * 1024
WELCOME = "Your Functions 4.0 app is up and running\n"

type Trigger = Callable[[str | None], Awaitable[None]]
"""Runs a function that is not an HTTP trigger, with the admin endpoint's input."""


class Served(NamedTuple):
    """The functions that run, those of them behind routes, and by name how the others are run by hand."""

    functions: list[Function]
    http: list[HttpTrigger]
    manual: Mapping[str, Trigger]


class Web:
    """An aiohttp application. ``state`` is what ``/admin/host/status`` reports besides the constants,
    ``errors`` what keeps functions from running, by name.
    """

    def __init__(self, host_id: str, served: Served, keys: Keys | None, limits: Limits) -> None:
        self._host_id = host_id
        self._functions = served.functions
        # The first match wins, in the order of the functions' names, however specific the routes are.
        self._http = sorted(served.http, key=lambda one: one.function.name.lower())
        self._limits = limits
        self.errors: Mapping[str, str] = {}
        self._keys = keys
        self._manual = served.manual
        self._began = time.monotonic()
        self._instance = uuid.uuid4().hex
        self._tasks: set[asyncio.Task[None]] = set()
        self.state = "Initializing"
        self.extra: Callable[[], dict[str, Any]] = dict
        self.drain: Callable[[], None] = lambda: None
        self.port = 0

    async def start(self, port: int, origins: tuple[str, ...], credentials: bool) -> int:
        """Listen on loopback; the port."""
        app = web.Application(client_max_size=self._limits.body, middlewares=[_cors(origins, credentials)])
        app.router.add_route("*", r"/{path:[\s\S]*}", self._serve)  # a line feed in it, too
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=5.0, auto_decompress=False, max_line_size=HEADER_BYTES,
            max_field_size=HEADER_BYTES, max_headers=1000,
        )  # fmt: skip
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError as error:
            raise ConfigurationError(
                f"port {port} is not free ({error.strerror}): choose another with --port"
            ) from error
        self.port = int(self._runner.addresses[0][1])
        return self.port

    async def stop(self) -> None:
        """Close the port; requests in work were drained before."""
        await self._runner.cleanup()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Return when no function answers a request."""
        await self._limits.idle()

    async def _serve(self, request: web.Request) -> web.Response:
        if (refused := _refusal(request)) is not None:
            return web.Response(status=refused)
        path = decoded(request.rel_url.raw_path)[1:]
        if path.lower().startswith("admin/"):
            return await self._admin(request, [part for part in path.split("/")[1:] if part])
        return await self._function(request, path)

    async def _function(self, request: web.Request, path: str) -> web.Response:
        for trigger in self._http:
            parameters = trigger.route.match(path) if trigger.takes(request.method) else None
            if parameters is None:
                continue
            if self._keys is not None and not self._keys.allow(request, trigger.level, trigger.function.name):
                return web.Response(status=401)
            if (request.content_length or 0) > self._limits.body:
                return web.Response(status=500)
            return await self._limits.guard(functools.partial(trigger.answer, request, parameters))
        # The platform's own page answers at the root where no function does, whatever the verb.
        return web.Response(text=WELCOME) if path == "" else web.Response(status=404)

    async def _admin(self, request: web.Request, parts: list[str]) -> web.Response:
        if self._keys is not None and not self._keys.allow(request, "admin", ""):
            if self._keys.known(request):
                return web.Response(status=403)
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        match (request.method, [part.lower() for part in parts[:1]], parts[1:]):
            case ("GET", ["functions"], []):
                return web.json_response([self._describe(one) for one in self._functions])
            case ("GET", ["functions"], [name]):
                return self._one(name)
            case ("GET", ["functions"], [name, "status"]):
                return self._condition(name)
            case ("POST", ["functions"], [name]):
                return await self._run(request, name)
            case ("GET", ["host"], ["status"]):
                return web.json_response(self._status())
            case ("GET" | "POST", ["host"], ["ping"]):
                return web.Response(status=200)
            case ("POST", ["host"], ["drain"]):
                self.drain()
                return web.Response(status=202)
        return web.Response(status=404)

    def _condition(self, name: str) -> web.Response:
        if error := self.errors.get(name):
            return web.json_response({"errors": [error]})
        return web.json_response({}) if self._find(name) else web.Response(status=404)

    def _one(self, name: str) -> web.Response:
        found = self._find(name)
        return web.json_response(self._describe(found)) if found else web.Response(status=404)

    async def _run(self, request: web.Request, name: str) -> web.Response:
        """202: the function runs after the answer, as on the platform."""
        function = self._find(name)
        if function is None:
            return web.Response(status=404)
        content = None
        if await request.read():
            try:
                body = await request.json()
            except ValueError:
                return web.Response(status=400, text='The body must be JSON such as {"input": ""}\n')
            if not isinstance(body, dict):
                return web.Response(status=400, text='The body must be a JSON object with an "input"\n')
            content = body.get("input")
        if content is not None and not isinstance(content, str):
            return web.Response(status=400, text='"input" must be a text\n')
        run = self._manual.get(function.name)
        if run is None:
            return web.Response(status=400, text=f"{function.name} cannot be run by hand: use its service\n")
        task = asyncio.ensure_future(run(content))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.Response(status=202)

    def _find(self, name: str) -> Function | None:
        return next((one for one in self._functions if one.name.lower() == name.lower()), None)

    def _describe(self, function: Function) -> dict[str, Any]:
        trigger = next((one for one in self._http if one.function is function), None)
        base = f"http://127.0.0.1:{self.port}"
        return {
            "name": function.name,
            "script_root_path_href": None,
            "href": f"{base}/admin/functions/{function.name}",
            "invoke_url_template": f"{base}/{trigger.route.template}".lower() if trigger else None,
            "language": "python",
            "config": {"bindings": list(function.bindings)},
            "isDisabled": False,
            "isDirect": False,
            "isProxy": False,
        }

    def _status(self) -> dict[str, Any]:
        return {
            "id": self._host_id,
            "state": self.state,
            "version": VERSION,
            "versionDetails": f"{VERSION} devstack",
            "platformVersion": "",
            "instanceId": self._instance,
            "computerName": platform.node(),
            "processUptime": int((time.monotonic() - self._began) * 1000),
            "processId": os.getpid(),
            **self.extra(),
        }


def _refusal(request: web.Request) -> int | None:
    """The status for a request that the platform's server takes for none. Measured on the real host."""
    if len(request.headers) > MAX_HEADERS:
        return 431
    if "Host" not in request.headers:
        return 500 if request.version < HttpVersion11 else 400
    return None


def _cors(origins: tuple[str, ...], credentials: bool) -> Any:
    """CORS of local.settings.json ``Host``: listed origins, or any with ``*``."""

    @web.middleware
    async def handle(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Any:
        origin = request.headers.get("Origin")
        allowed = origin is not None and ("*" in origins or origin in origins)
        asked = request.headers.get("Access-Control-Request-Method")
        if request.method == "OPTIONS" and asked and origins:
            response: web.StreamResponse = web.Response(status=204)
            if allowed:
                response.headers["Access-Control-Allow-Methods"] = asked
                with contextlib.suppress(KeyError):
                    response.headers["Access-Control-Allow-Headers"] = request.headers[
                        "Access-Control-Request-Headers"
                    ]
        else:
            response = await handler(request)
        if allowed and origin is not None:
            response.headers["Access-Control-Allow-Origin"] = (
                origin if credentials or "*" not in origins else "*"
            )
            response.headers.add("Vary", "Origin")
            if credentials:
                response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    return handle
