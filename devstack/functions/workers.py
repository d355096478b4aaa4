"""Worker processes: started, asked, replaced when they end by themselves, and stopped with the host."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devstack.functions import DEATHS, log, wire
from devstack.functions.errors import IndexingError, WorkerCrashed

ROOT = Path(__file__).parents[2]
GRACE = 2.0
"""Seconds that a worker has left after one of its invocations timed out."""
WITHIN = 1800.0


class Worker:
    """One child process with the app in it. :meth:`start` returns once it has indexed the app."""

    def __init__(
        self, python: str, app: Path, environment: Mapping[str, str], ended: Callable[["Worker"], None]
    ) -> None:
        self.functions: list[dict[str, Any]] = []
        self._python = python
        self._app = app
        self._environment = dict(environment)
        self._ended = ended
        self._pending: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._stopping = False
        self.alive = False
        self.retired = False

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def start(self) -> None:
        """Start and index. ``IndexingError`` with the app's traceback when that fails."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(self._python, "-m", "devstack.functions.worker", str(theirs.fileno()), str(self._app)),
                pass_fds=(theirs.fileno(),),
                cwd=ROOT,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        self._reader, self._writer = await asyncio.open_unix_connection(sock=ours, limit=1 << 22)
        try:
            report = await wire.read(self._reader)
        except EOFError:
            code = await self._process.wait()
            report = {"error": f"the worker ended with exit code {code} before it reported", "traceback": ""}
        if "error" in report:
            await self.stop()
            raise IndexingError(f"{report['error']}\n{report['traceback']}".rstrip())
        self.functions = report["functions"]
        self.alive = True
        self._pump = asyncio.create_task(self._read())

    async def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one invocation and wait for its answer. ``WorkerCrashed`` when the process ends first."""
        if not self.alive:
            raise WorkerCrashed(f"worker process {self.pid} is gone")
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[request["id"]] = answer
        try:
            self._writer.write(wire.encode(request))
            return await answer
        finally:
            self._pending.pop(request["id"], None)

    def retire(self) -> None:
        """Give it nothing more and end it in a moment, with whatever it still does. Source: a run of the
        real host after a function timeout.
        """
        self.alive = False
        self.retired = True
        asyncio.get_running_loop().call_later(GRACE, self.kill)

    def kill(self) -> None:
        """End the process at once: what it was doing fails, and it gets nothing more."""
        self.alive = False
        if self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """Close the socket, which tells the process to end, and wait for it."""
        self._stopping = True
        self._writer.close()
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    async def _read(self) -> None:
        try:
            while True:
                answer = await wire.read(self._reader)
                pending = self._pending.get(answer["id"])
                if pending is not None and not pending.done():
                    pending.set_result(answer)
        except EOFError:
            self.alive = False
        self._writer.close()
        self.kill()
        code = await self._process.wait()
        for pending in self._pending.values():
            if not pending.done():
                pending.set_exception(WorkerCrashed(f"worker process {self.pid} ended with exit code {code}"))
        if not self._stopping:
            why = "after a function timeout" if self.retired else f"by itself (exit code {code})"
            log.error(f"Worker process {self.pid} ended {why}")
            self._ended(self)


class WorkerPool:
    """``count`` workers of one app, used in turn. A worker that ends by itself is replaced, unless that
    was the last of ``deaths`` for each of them within half an hour (0 is no limit): ``failed`` is set then.

    ``python`` runs them, where the app has an environment of its own. Source of the limit:
    azure-functions-host RpcFunctionInvocationDispatcher, and a run of it.
    """

    def __init__(
        self,
        app: Path,
        environment: Mapping[str, str],
        count: int,
        python: Path | None = None,
        deaths: int = DEATHS,
    ) -> None:
        self._python = str(python or sys.executable)
        self._app = app
        self._count = count
        self._limit = deaths * count
        self._deaths: list[float] = []
        self.failed = asyncio.Event()
        self._environment = environment
        self._workers: list[Worker] = []
        self._turn = 0
        self._restarts: set[asyncio.Task[None]] = set()
        self._available = asyncio.Event()
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that live."""
        return [worker.pid for worker in self._workers if worker.alive]

    async def start(self) -> list[dict[str, Any]]:
        """Start every worker; what the first one indexed. ``IndexingError`` when it cannot."""
        started = await asyncio.gather(*(self._new() for _ in range(self._count)))
        return started[0].functions

    async def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run on the next worker; waits while one is being replaced."""
        return await (await self.next()).invoke(request)

    async def next(self) -> Worker:
        """The worker whose turn it is."""
        while not (alive := [worker for worker in self._workers if worker.alive]):
            if self.failed.is_set():
                raise WorkerCrashed("the host stops: its workers ended too often")
            self._available.clear()
            await self._available.wait()
        self._turn += 1
        return alive[self._turn % len(alive)]

    async def stop(self) -> None:
        """End every worker; none is left when this returns."""
        self._closed = True
        for task in self._restarts:
            task.cancel()
        await asyncio.gather(*self._restarts, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def _new(self) -> Worker:
        worker = Worker(self._python, self._app, self._environment, self._replace)
        await worker.start()
        self._workers.append(worker)
        self._available.set()
        return worker

    def _replace(self, worker: Worker) -> None:
        self._workers.remove(worker)
        if not worker.retired and self._too_often():
            log.error(
                f"Workers ended by themselves {len(self._deaths)} times within {WITHIN / 60:.0f} minutes:"
                " the host stops, as the platform's does"
            )
            self.failed.set()
            self._available.set()
        elif not self._closed:
            task = asyncio.create_task(self._restart())
            self._restarts.add(task)
            task.add_done_callback(self._restarts.discard)

    def _too_often(self) -> bool:
        now = time.monotonic()
        self._deaths = [*(one for one in self._deaths if now - one < WITHIN), now]
        return 0 < self._limit <= len(self._deaths)

    async def _restart(self) -> None:
        delay = 0.1
        while True:
            try:
                await self._new()
                return
            except IndexingError as error:
                log.error(f"The replacement worker could not index the app, again in {delay:.1f} s: {error}")
            await asyncio.sleep(delay)
            delay = min(delay * 2, 10.0)


def environment(app: Path, settings: Mapping[str, str], level: str) -> dict[str, str]:
    own = {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "FUNCTIONS_EXTENSION_VERSION": "~4",
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AzureWebJobsScriptRoot": str(app),
        "DEVSTACK_LOG_LEVEL": level,
        "PYTHONUNBUFFERED": "1",
        "PYTHON_THREADPOOL_THREAD_COUNT": "1000",
    }
    return own | {**settings, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "DEVSTACK_LOG_LEVEL": level}
