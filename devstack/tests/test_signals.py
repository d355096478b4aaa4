"""An interrupt at any moment of an event loop's life: it is raised, once, and leaves nothing half done."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devstack.signals import run

LOOP = asyncio.selector_events.BaseSelectorEventLoop


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Also where a shell started the tests with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def unraisable(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the interpreter could not raise: a loop that cannot be deleted."""
    found: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", found.append)
    yield found
    gc.collect()
    assert found == []


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def interrupted(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt in the middle of making or closing a loop."""
    own: Callable[[Any], None] = getattr(LOOP, method)

    def halfway(loop: Any) -> None:
        monkeypatch.setattr(LOOP, method, own)
        interrupt()
        own(loop)

    monkeypatch.setattr(LOOP, method, halfway)


async def work() -> str:
    await asyncio.sleep(0)
    return "done"


def test_what_nothing_interrupts_is_done() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert run(work()) == "done"
    assert signal.getsignal(signal.SIGINT) is before


def test_what_the_work_raises_is_raised() -> None:
    async def failing() -> None:
        raise LookupError("none")

    with pytest.raises(LookupError, match="none"):
        run(failing())


@pytest.mark.parametrize("method", ["_make_self_pipe", "_close_self_pipe", "close"])
def test_a_loop_is_made_and_closed_whole(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``asyncio.run`` the first two leave a loop that cannot be deleted."""
    interrupted(method, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run(work())


def test_an_interrupt_cancels_the_work_and_what_it_had_opened_is_closed() -> None:
    closed = []

    async def waiting() -> None:
        asyncio.get_running_loop().call_soon(interrupt)
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        run(waiting())
    assert closed == [True]


def test_the_second_interrupt_ends_what_the_first_one_began() -> None:
    async def slow_to_close() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(interrupt)
        try:
            await asyncio.Event().wait()
        finally:
            loop.call_soon(interrupt)
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run(slow_to_close())


def test_an_interrupt_is_not_lost_where_the_work_is_just_over() -> None:
    async def last() -> None:
        interrupt()

    with pytest.raises(KeyboardInterrupt):
        run(last())


def test_an_ignored_interrupt_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def ignoring() -> str:
        interrupt()
        return await work()

    try:
        assert run(ignoring()) == "done"
    finally:
        signal.signal(signal.SIGINT, before)


def test_cancelling_without_an_interrupt_is_the_works_own() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(cancelled())
