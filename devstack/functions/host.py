"""The host: workers, listeners and the HTTP side of one app folder, from start to drained."""

import asyncio
import contextlib
import hashlib
import platform
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devstack.functions import DEATHS, keys, log, timespan
from devstack.functions.build import Listeners, listeners
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.http_limits import Limits
from devstack.functions.instances import Instances
from devstack.functions.invoker import Invoker
from devstack.functions.listeners import Listener
from devstack.functions.model import TRIGGERS, Function, build
from devstack.functions.outputs import Outputs
from devstack.functions.storage import Storage
from devstack.functions.web import Served, Web
from devstack.functions.workers import WorkerPool, environment

OTHERS = 1 / 3
"""Of the time of requests: the platform gives 30 s to requests and 10 s to other invocations."""


@dataclass(frozen=True)
class Options:
    """What the command line says. ``only`` limits the host to some functions, without HTTP of the others."""

    port: int = 7071
    enable_auth: bool = False
    quiet: bool = False
    instances: Mapping[str, int] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    drain: float = 30.0
    """Seconds that requests have to end at a stop; other invocations have :data:`OTHERS` of it after that."""
    python: Path | None = None
    worker_deaths: int = DEATHS


class Host:
    """One app at work. :meth:`start` returns when every trigger listens; :meth:`stop` drains."""

    def __init__(self, configuration: Configuration, options: Options) -> None:
        self._configuration = configuration
        self._options = options
        self._stack = AsyncExitStack()
        self._listeners = Listeners({}, [], {}, {})
        self._draining: asyncio.Task[None] | None = None
        self._instances: Instances | None = None
        self._invoker: Invoker | None = None
        self._web: Web | None = None
        self.functions: list[Function] = []
        self.errors: dict[str, str] = {}
        self.id = host_id(configuration)
        level = "WARNING" if options.quiet else "INFO"
        self._pool = WorkerPool(
            configuration.app,
            environment(configuration.app, configuration.settings, level),
            _worker_count(configuration),
            options.python,
            options.worker_deaths,
        )

    @property
    def failed(self) -> asyncio.Event:
        """Set when the workers ended too often: the host has to stop."""
        return self._pool.failed

    @property
    def port(self) -> int:
        """The port that HTTP functions and admin endpoints listen on."""
        return self._web.port if self._web is not None else 0

    async def start(self) -> None:
        """Index, check everything that can be checked, listen. ``HostError`` says what is wrong and what to
        do.
        """
        self._stack.push_async_callback(self._pool.stop)
        self.functions = self._wanted(self._built(await self._pool.start()))
        storage = await self._stack.enter_async_context(Storage(self._configuration))
        outputs = Outputs(self._configuration, storage)
        for function in self.functions:
            with self._only(function.name):
                outputs.check(function)
            _warn_of_hidden_connections(function, self._configuration)
        self._invoker = Invoker(self._pool, outputs, _timeout(self._configuration))
        local = [one for one in self._able() if one.name not in self._options.instances]
        self._listeners = listeners(local, self._invoker, self._configuration, storage, self.id)
        self.errors |= self._listeners.errors
        self._web = await self._open(storage)
        await self._listen()
        self._tell_errors()
        self._web.state = "Running"

    async def stop(self) -> None:
        """Let what runs finish (bounded), close everything; no child and no port is left.

        Requests first, while other triggers still take new work; then these. Measured on the platform's host.
        """
        if self._web is not None:
            self._web.state = "Stopping"
            await self._until(self._web.idle(), self._options.drain, "requests")
        await self._drain()
        if self._web is not None:
            await self._web.stop()
        await asyncio.gather(*(one.close() for one in self._listeners.by_name.values()))
        if self._instances is not None:
            await self._instances.stop()
        await self._stack.aclose()

    def listing(self) -> str:
        """The functions with their triggers and routes, for the start-up lines."""
        lines = [
            f"Functions host on http://127.0.0.1:{self.port}/ (app {self._configuration.app}), listening:"
        ]
        routes = {one.function.name: one for one in self._listeners.http}
        for function in sorted(self.functions, key=lambda one: one.name):
            where = ""
            if (trigger := routes.get(function.name)) is not None:
                methods = ",".join(trigger.methods) or "any"
                where = f" [{methods}] http://127.0.0.1:{self.port}/{trigger.route.template}"
            times = self._options.instances.get(function.name)
            count = f" ({times} instances)" if times is not None else ""
            lines.append(f"  {function.name}: {TRIGGERS[function.kind]}{where}{count}")
        return "\n".join(lines)

    async def _open(self, storage: Storage) -> Web:
        known = None
        if self._options.enable_auth:
            known = await keys.load(storage, self.id, [one.function.name for one in self._listeners.http])
        limits = Limits(self._configuration)
        served = Served(self._able(), self._listeners.http, self._listeners.manual)
        web = Web(self.id, served, known, limits)
        web.errors = self.errors
        web.extra = self._state
        web.drain = self._start_drain
        local: dict[str, Any] = self._configuration.local.get("Host") or {}
        origins = tuple(one.strip() for one in str(local.get("CORS") or "").split(",") if one.strip())
        await web.start(self._options.port, origins, bool(local.get("CORSCredentials")))
        return web

    async def _listen(self) -> None:
        if self._options.instances:
            self._instances = Instances(
                self._configuration.app, self._options.instances, quiet=self._options.quiet
            )
        starts = [self._start(name, one) for name, one in self._listeners.by_name.items()]
        if self._instances is not None:
            starts.append(self._instances.start())
        await asyncio.gather(*starts)

    async def _start(self, name: str, listener: Listener) -> None:
        with self._only(name):
            await listener.start()

    @contextlib.contextmanager
    def _only(self, name: str) -> Iterator[None]:
        """What is wrong with one function keeps only that one from running, as on the platform."""
        try:
            yield
        except ConfigurationError as error:
            if error.of_host:
                raise
            self.errors[name] = str(error)

    def _built(self, reported: list[dict[str, Any]]) -> list[Function]:
        found = []
        for one in reported:
            with self._only(str(one["name"])):
                found.append(build(one))
        return found

    def _able(self) -> list[Function]:
        return [one for one in self.functions if one.name not in self.errors]

    def _tell_errors(self) -> None:
        self.functions = self._able()
        told = [f"{error}. The function does not run" for error in self.errors.values()]
        if told and not self.functions:
            raise ConfigurationError("no function can run:\n" + "\n".join(told))
        for one in told:
            log.error(one)

    def _start_drain(self) -> None:
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        if self._invoker is None:
            return
        await asyncio.gather(*(one.stop() for one in self._listeners.by_name.values()))
        await self._until(self._invoker.idle(), self._options.drain * OTHERS, "invocations")

    async def _until(self, idle: Awaitable[None], seconds: float, what: str) -> None:
        try:
            async with asyncio.timeout(seconds):
                await idle
        except TimeoutError:
            count = self._invoker.in_flight if self._invoker is not None else 0
            log.error(f"{what} outlived {seconds:.0f} s; {count} invocations are cut off")

    def _state(self) -> dict[str, Any]:
        children = self._instances.pids if self._instances is not None else {}
        in_flight = self._invoker.in_flight if self._invoker is not None else 0
        return {"workers": self._pool.pids, "instances": children, "invocationsInFlight": in_flight}

    def _wanted(self, found: list[Function]) -> list[Function]:
        names = {*self.errors, *(one.name for one in found)}
        for name in (*self._options.instances, *self._options.only):
            if name not in names:
                raise ConfigurationError(
                    f"there is no function {name!r}; the app has {', '.join(sorted(names))}"
                )
        for one in found:
            if one.name in self._options.instances and one.kind not in (
                "eventHubTrigger",
                "cosmosDBTrigger",
                "queueTrigger",
            ):
                raise ConfigurationError(
                    f"{one.where()}: only Event Hubs, Cosmos DB and queue triggers take instances"
                )
        if self._options.only:
            self.errors = {name: said for name, said in self.errors.items() if name in self._options.only}
        return [
            one
            for one in found
            if (not self._options.only or one.name in self._options.only) and not self._disabled(one.name)
        ]

    def _disabled(self, name: str) -> bool:
        found = self._configuration.setting(f"AzureWebJobs.{name}.Disabled")
        return (found or "").lower() in ("true", "1")


def _warn_of_hidden_connections(function: Function, configuration: Configuration) -> None:
    """On the platform nothing is said, and the trigger waits at another account than its author meant."""
    for binding in function.bindings:
        if said := configuration.hidden_connection(binding.get("connection")):
            log.error(f"{function.where(binding)}: {said}")


def host_id(configuration: Configuration) -> str:
    """``AzureFunctionsWebHost__hostid``, else this machine and folder, as locally (ScriptHostIdProvider)."""
    if given := configuration.setting("AzureFunctionsWebHost__hostid"):
        return given.lower()
    path = hashlib.sha256(str(Path(configuration.app).resolve()).encode()).hexdigest()[:8]
    return f"{''.join(c for c in platform.node().lower() if c.isalnum())[:22]}-{path}"


def _worker_count(configuration: Configuration) -> int:
    text = configuration.setting("FUNCTIONS_WORKER_PROCESS_COUNT") or "1"
    if not text.isdigit() or not 1 <= int(text) <= 10:
        raise ConfigurationError(f"FUNCTIONS_WORKER_PROCESS_COUNT is {text!r}: write a number from 1 to 10")
    return int(text)


def _timeout(configuration: Configuration) -> float | None:
    found = configuration.value("functionTimeout", "00:30:00")
    return None if str(found) == "-1" else timespan.seconds(found, "host.json functionTimeout")
