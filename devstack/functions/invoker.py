"""One invocation: sent to a worker, timed, logged, its outputs written; and the retry policy around it."""

import asyncio
import random
import time
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devstack.functions import log
from devstack.functions.errors import FunctionTimedOut, HostError
from devstack.functions.model import Function, RetryPolicy
from devstack.functions.outputs import Outputs
from devstack.functions.wire import Wire
from devstack.functions.workers import WorkerPool


@dataclass(frozen=True)
class Call:
    """What a trigger hands over: the payload and the trigger's metadata, as datums; why, for the log.

    A ``fault`` is what kept the payload from being made: each attempt fails with it, before the function.
    """

    payload: Wire
    metadata: Mapping[str, Wire] = field(default_factory=dict)
    reason: str = ""
    fault: str | None = None


@dataclass(frozen=True)
class Retry:
    """Which attempt this is, of how many (0 of 0 without a policy), and what the last one failed with."""

    count: int = 0
    most: int = 0
    error: str = ""


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended. ``result`` is the return value's datum."""

    id: str
    ok: bool
    result: Any = None
    error: str | None = None


class Invoker:
    """Runs invocations on the pool. ``in_flight`` counts them, for draining."""

    def __init__(self, pool: WorkerPool, outputs: Outputs, timeout: float | None) -> None:
        self._pool = pool
        self._outputs = outputs
        self._timeout = timeout
        self.in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def idle(self) -> None:
        """Return when nothing is in flight."""
        while self.in_flight:
            self._idle.clear()
            await self._idle.wait()

    async def run(self, function: Function, call: Call, stop: asyncio.Event) -> Outcome:
        """Invoke, again as the function's retry policy says, under one invocation id.

        Source: azure-webjobs-sdk FunctionExecutorExtensions. ``stop`` ends the loop, during a delay too.
        """
        policy = function.retry
        retry = Retry(0, policy.max_count if policy else 0)
        invocation = str(uuid.uuid4())
        while True:
            outcome = await self.once(function, call, retry, invocation)
            if outcome.ok or policy is None or (0 <= policy.max_count <= retry.count):
                return outcome
            retry = Retry(retry.count + 1, policy.max_count, outcome.error or "")
            delay = delay_before(policy, retry.count)
            log.info(f"Functions.{function.name}: attempt {retry.count} follows in {delay:.1f} s")
            if await stopped_within(stop, delay):
                log.info(f"Functions.{function.name}: invocation {invocation} cancelled, no further attempt")
                return outcome

    async def once(
        self, function: Function, call: Call, retry: Retry | None = None, invocation: str | None = None
    ) -> Outcome:
        """One attempt. Never raises for what the app, a worker or a message does: that is a failed
        outcome.
        """
        invocation = invocation or str(uuid.uuid4())
        began = time.monotonic()
        self.in_flight += 1
        try:
            outcome = await self._attempt(function, call, invocation, retry or Retry())
        except HostError as error:
            outcome = Outcome(invocation, ok=False, error=f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - what cannot be sent is a failed invocation, not a lost one
            outcome = Outcome(
                invocation, ok=False, error=f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
            )
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()
        _report(function, call, outcome, time.monotonic() - began)
        return outcome

    async def _attempt(self, function: Function, call: Call, invocation: str, retry: Retry) -> Outcome:
        if call.fault is not None:
            return Outcome(invocation, ok=False, error=call.fault)
        worker = await self._pool.next()
        request = {
            "id": invocation,
            "function": function.id,
            "inputs": [(function.trigger["name"], call.payload)],
            "metadata": dict(call.metadata),
            "retry": (retry.count, retry.most, retry.error),
        }
        try:
            async with asyncio.timeout(self._timeout):
                answer = await worker.invoke(request)
        except TimeoutError:
            # Python code cannot be cancelled from outside: the process is replaced, as the platform does.
            worker.retire()
            raise FunctionTimedOut(
                f"functionTimeout of {self._timeout} s exceeded; its worker ends, with what else it does"
            ) from None
        if not answer["ok"]:
            detail = f"{answer['error']}\n{answer['traceback']}".rstrip()
            return Outcome(invocation, ok=False, error=detail)
        await self._outputs.write(function, answer["outputs"], answer["result"])
        return Outcome(invocation, ok=True, result=answer["result"])


async def stopped_within(stop: asyncio.Event, delay: float) -> bool:
    """Wait at most ``delay`` seconds; whether ``stop`` was set by then."""
    try:
        async with asyncio.timeout(delay):
            await stop.wait()
    except TimeoutError:
        return stop.is_set()
    return True


def delay_before(policy: RetryPolicy, attempt: int) -> float:
    """Seconds before retry ``attempt`` (1 is the first). Source: RandomizedExponentialBackoffStrategy."""
    if policy.strategy == "fixed_delay":
        return policy.delay
    if attempt == 1:
        return min(policy.minimum, policy.maximum)
    grown: float = policy.minimum * 2 ** min(attempt - 1, 40) * random.uniform(0.8, 1.2)
    return min(policy.minimum + grown, policy.maximum)


def _report(function: Function, call: Call, outcome: Outcome, seconds: float) -> None:
    state = "Succeeded" if outcome.ok else "Failed"
    reason = f", {call.reason}" if call.reason else ""
    line = f"Functions.{function.name} ({state}, Id={outcome.id}, Duration={seconds * 1000:.0f}ms{reason})"
    if outcome.ok:
        log.info(line)
    else:
        log.error(f"{line}\n{outcome.error}")
