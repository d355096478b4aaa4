"""HTTP on loopback: bytes to :class:`Call`, :class:`Reply` to bytes, and nothing else."""

import asyncio
import uuid
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from devstack.cosmos.account import Account
from devstack.cosmos.control import PATH, Control
from devstack.cosmos.errors import Refusal
from devstack.cosmos.wire import Call, Reply, refused

MAX_BODY = 16 * 1024 * 1024


class Server:
    """Serves one account. The handler does not await between reading a request and answering it."""

    def __init__(self, account: Account, control: Control | None = None) -> None:
        self.account = account
        self._control = control
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def start(self, port: int) -> int:
        """Listen on loopback; the port, chosen by the system when it is 0."""
        server = web.Server(self.respond, request_factory=_request, keepalive_timeout=75.0, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=2.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        return self.port

    async def stop(self) -> None:
        """Stop listening and end the open connections."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        call = await _call(request, self.account.clock())
        if self._control is not None:
            return await self._controlled(request, call, self._control)
        return _response(self.account.handle(call), call)

    async def _controlled(self, request: web.BaseRequest, call: Call, control: Control) -> web.StreamResponse:
        if call.path == PATH:
            try:
                return _response(control.handle(call), call)
            except Refusal as error:
                return _response(refused(error), call)
        fault = control.fault_for(call)
        if fault is None:
            return _response(self.account.handle(call), call)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        refusal = fault.refusal()
        done = fault.disconnect != "before" and refusal is None
        reply = self.account.handle(call) if done else refused(refusal or Refusal(503, "Disconnected."))
        if fault.disconnect and request.transport is not None:
            request.transport.abort()
        return _response(reply, call)


async def _call(request: web.BaseRequest, now: float) -> Call:
    body = await request.read() if request.body_exists else b""
    path = request.rel_url.raw_path
    parts = [unquote(one) for one in path.split("/") if one]
    return Call(request.method, path, parts, request.headers, body, now)


def _response(reply: Reply, call: Call) -> web.Response:
    headers = reply.headers
    headers["x-ms-request-charge"] = f"{reply.charge:g}"
    headers["x-ms-activity-id"] = call.header("x-ms-activity-id") or str(uuid.uuid4())
    if reply.body:
        headers.setdefault("Content-Type", "application/json")
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _request(
    message: RawRequestMessage, payload: StreamReader, protocol: RequestHandler, writer: Any,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:  # fmt: skip
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY)
