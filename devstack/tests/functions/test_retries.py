"""Retry policies around an invocation, without a process.

Rules: azure-webjobs-sdk FunctionExecutorExtensions (attempts, ids, cancellation); Azure/azure-sdk-for-net
EventHubListener.PartitionProcessor (no checkpoint for a partition that was lost).
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from devstack.functions.invoker import Call, Invoker
from devstack.functions.model import Function, RetryPolicy
from devstack.functions.outputs import Outputs
from devstack.functions.workers import WorkerPool

CALL = Call(("string", "x"))


class _Worker:
    """Stands in for a worker process: keeps the requests and answers as it is told."""

    def __init__(self, succeeds: Callable[[int], bool]) -> None:
        self.requests: list[dict[str, Any]] = []
        self._succeeds = succeeds

    async def next(self) -> "_Worker":
        return self

    async def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        ok = self._succeeds(len(self.requests))
        return {"ok": ok, "outputs": [], "result": None, "error": "asked to fail", "traceback": ""}


def _function(policy: RetryPolicy | None) -> Function:
    trigger = {"type": "timerTrigger", "name": "t", "direction": "IN"}
    return Function("id", "f", True, trigger, (trigger,), policy)


def _invoker(worker: _Worker) -> Invoker:
    return Invoker(cast(WorkerPool, worker), Outputs.__new__(Outputs), None)


@pytest.mark.parametrize(
    ("count", "succeeds_at", "attempts"), [(0, 9, 1), (2, 9, 3), (2, 2, 2), (5, 1, 1), (-1, 7, 7)]
)
async def test_n_retries_are_n_and_one_attempts_under_one_id(
    count: int, succeeds_at: int, attempts: int
) -> None:
    """FunctionExecutorExtensions: until one succeeds; -1 is without end; RetryContext counts from 0."""
    worker = _Worker(lambda number: number >= succeeds_at)
    outcome = await _invoker(worker).run(_function(RetryPolicy("fixed_delay", count)), CALL, asyncio.Event())
    assert outcome.ok == (succeeds_at <= attempts)
    assert [one["retry"][:2] for one in worker.requests] == [(number, count) for number in range(attempts)]
    assert len({one["id"] for one in worker.requests}) == 1
    said = [one["retry"][2] for one in worker.requests]
    assert said == ["", *(["asked to fail"] * (attempts - 1))], "what the attempt before failed with"


async def test_no_policy_is_one_attempt() -> None:
    """RetryContext without a policy is 0 of 0."""
    worker = _Worker(lambda _: False)
    assert not (await _invoker(worker).run(_function(None), CALL, asyncio.Event())).ok
    assert [one["retry"] for one in worker.requests] == [(0, 0, "")]


async def test_a_stop_ends_the_delay_and_the_loop() -> None:
    """Cancellation during a delay: no further attempt, and no waiting for the delay's end."""
    stop = asyncio.Event()

    def fail(_: int) -> bool:
        stop.set()
        return False

    worker = _Worker(fail)
    async with asyncio.timeout(60):
        policy = RetryPolicy("fixed_delay", -1, delay=3600)
        assert not (await _invoker(worker).run(_function(policy), CALL, stop)).ok
    assert len(worker.requests) == 1
