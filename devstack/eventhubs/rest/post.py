"""``POST /{hub}/messages``, ``…/publishers/{id}/messages`` and ``…/partitions/{id}/messages``."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from aiohttp import web

from devstack.eventhubs.addresses import target
from devstack.eventhubs.errors import ARGUMENT, INTERNAL_ERROR, MESSAGE_SIZE, AmqpError, not_found
from devstack.eventhubs.faults import Faults
from devstack.eventhubs.hub.namespace import Namespace
from devstack.eventhubs.producer import Later, Producer
from devstack.eventhubs.rest import events, revoking
from devstack.eventhubs.rest.answers import XML, error, refusal
from devstack.eventhubs.security.authority import missing
from devstack.eventhubs.security.policies import SEND, Policy
from devstack.eventhubs.security.sas import Refused, WrongSignature, verify
from devstack.eventhubs.wire.link import MAX_MESSAGE
from devstack.eventhubs.wire.message import cut

API_VERSION = re.compile(r"\d{4}-\d{2}(-\d{2})?")
PATIENCE = 60.0
LONGEST = 3600


class Rest:
    """HTTP connections; ``protocol()`` makes what serves one. They end with :meth:`close`."""

    def __init__(
        self,
        namespace: Namespace,
        policies: Sequence[Policy],
        hosts: frozenset[str],
        faults: Faults,
        later: Later,
    ) -> None:
        self._namespace = namespace
        self._policies = policies
        self._hosts = hosts
        self._faults = faults
        self._later = later
        app = web.Application(client_max_size=MAX_MESSAGE)
        app.router.add_route("*", "/{path:.*}", self._answer)
        # A compressed body is stored as it came.
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1.0)

    async def open(self) -> None:
        """Call this before the first connection."""
        await self._runner.setup()

    async def close(self) -> None:
        """End the connections; what is being stored is answered first."""
        await self._runner.cleanup()

    def protocol(self) -> asyncio.Protocol:
        """For one connection."""
        assert self._runner.server is not None
        return self._runner.server()

    def abort(self) -> int:
        """Cut every connection; returns how many there were."""
        assert self._runner.server is not None
        cut_off = [one for one in self._runner.server.connections if one.transport is not None]
        for one in cut_off:
            assert one.transport is not None
            one.transport.abort()
        return len(cut_off)

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            return await self._served(request)
        except WrongSignature as fault:
            return error(401, str(fault), "SubCode=40103: Invalid authorization token signature")
        except Refused as fault:
            return error(401, str(fault))
        except web.HTTPRequestEntityTooLarge:
            return error(413, _too_large().description)
        except AmqpError as fault:
            return refusal(fault)

    async def _served(self, request: web.Request) -> web.Response:
        def demand(path: str, right: str) -> None:
            self._permit(path, right, request.headers.get("Authorization"))

        parts = _parts(request.rel_url.raw_path)
        if len(parts) > 1 and parts[1].lower() == revoking.SEGMENT:
            return await revoking.answer(request, parts, self._namespace, demand)
        if request.method != "POST":
            return error(405, "events are sent with POST", headers={"Allow": "POST"})
        await self._send(request, parts)
        return web.Response(status=201, headers={"Content-Type": XML})

    async def _send(self, request: web.Request, parts: list[str]) -> None:
        path = _path(parts)
        wanted = target(path)
        self._permit(path, SEND, request.headers.get("Authorization"))
        patience = _patience(request.query)
        producer = Producer(self._namespace.hub(wanted.hub), wanted, self._faults, self._later)
        if (request.content_length or 0) > MAX_MESSAGE:
            raise _too_large()
        encoded = _events(request, await request.read())
        await _store(producer, encoded, patience)

    def _permit(self, path: str, right: str, token: str | None) -> None:
        """Raises Refused without a valid token, AmqpError for one that does not give the right here."""
        if token is None:
            raise Refused("the request has no header Authorization")
        now = time.time()
        if not verify(token, self._policies, self._hosts, now).gives(path, right, now):
            raise missing(path, right)


def _parts(raw: str) -> list[str]:
    try:
        return [unquote(part, errors="strict") for part in raw.strip("/").split("/")]
    except UnicodeDecodeError as fault:
        raise AmqpError(ARGUMENT, f"{raw!r} is not UTF-8: {fault}") from fault


def _path(parts: list[str]) -> str:
    """The path of a link's target: hub, hub/publishers/name or hub/partitions/id."""
    if len(parts) < 2 or parts[-1].lower() != "messages":
        raise not_found(
            "/".join(parts),
            "POST to /hub/messages, /hub/publishers/name/messages or /hub/partitions/id/messages.",
        )
    return "/".join(parts[:-1])


def _patience(query: Mapping[str, str]) -> float:
    """Seconds to wait for the disk; AmqpError for parameters that the service does not have in this form."""
    timeout, version = query.get("timeout", ""), query.get("api-version", "")
    if version and not API_VERSION.fullmatch(version):
        raise AmqpError(ARGUMENT, f"api-version is a date such as 2014-01, not {version!r}")
    if not timeout:
        return PATIENCE
    if not (timeout.isascii() and timeout.isdecimal() and 0 < int(timeout) <= LONGEST):
        raise AmqpError(ARGUMENT, f"timeout is 1 to {LONGEST} seconds, not {timeout!r}")
    return float(timeout)


def _events(request: web.Request, body: bytes) -> list[bytes]:
    content_type = request.headers.get("Content-Type")
    if (content_type or "").partition(";")[0].strip().lower() == events.BATCH:
        return events.batch(body)
    custom = events.custom_headers(request.headers.items())
    return [events.single(body, content_type, request.headers.get("BrokerProperties"), custom)]


async def _store(producer: Producer, encoded: list[bytes], patience: float) -> None:
    """Returns when the events are stored. Raises AmqpError."""
    if sum(map(len, encoded)) > MAX_MESSAGE:
        raise _too_large()
    done: asyncio.Future[AmqpError | None] = asyncio.get_running_loop().create_future()

    def settle(fault: AmqpError | None) -> None:
        if not done.done():
            done.set_result(fault)

    producer.store(lambda: ([cut(one) for one in encoded], None), settle)
    try:
        fault = await asyncio.wait_for(done, patience)
    except TimeoutError as late:
        raise AmqpError(
            INTERNAL_ERROR,
            f"not stored within {patience:g} s; it may still be: a repeated event may be there twice",
        ) from late
    if fault is not None:
        raise fault


def _too_large() -> AmqpError:
    """In the words of the service."""
    return AmqpError(
        MESSAGE_SIZE,
        f"The maximum message size quota for outgoing messages ({MAX_MESSAGE}) has been exceeded.",
    )
