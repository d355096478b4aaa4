"""Ctrl-C at any moment: nothing that was started goes unnoted, whoever started us."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOPS = (signal.SIGINT, signal.SIGTERM)


def interruptible() -> None:
    """SIGINT and SIGTERM raise KeyboardInterrupt, also where a shell started us with SIGINT ignored."""
    for number in STOPS:
        signal.signal(number, signal.default_int_handler)


@contextmanager
def uninterrupted(notice: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Put off SIGINT and SIGTERM until the block is over: a process that was just started is noted first.

    ``notice`` is called at once. A cancelled block counts as over when it was cancelled after that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []

    def put_off(said: int, frame: FrameType | None) -> None:
        caught.append((said, frame))
        notice()

    handlers = {number: signal.getsignal(number) for number in STOPS}
    before = {number: handler for number, handler in handlers.items() if handler != signal.SIG_IGN}
    for number in before:
        signal.signal(number, put_off)
    try:
        yield
    except asyncio.CancelledError:
        if not caught:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    for said, frame in caught:
        handler = before[signal.Signals(said)]
        if callable(handler):
            handler(said, frame)
        elif handler == signal.SIG_DFL:
            signal.raise_signal(said)


def run[Outcome](work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """``asyncio.run``, whose event loop no interrupt finds half made or half closed.

    There an interrupt would be lost, or leave the traceback of a loop that cannot be deleted. Here it cancels
    the work, each one again, and is raised when the loop is closed. Raises what the work raises.
    """
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Outcome]]] = []
    stopping = False

    def stop() -> None:
        nonlocal stopping
        stopping = True
        for loop, task in running:
            loop.call_soon_threadsafe(task.cancel)

    async def cancellable() -> Outcome:
        task = asyncio.ensure_future(work)
        running.append((asyncio.get_running_loop(), task))
        if stopping:
            task.cancel()
        try:
            return await task
        finally:
            running.clear()

    with uninterrupted(stop):
        return asyncio.run(cancellable())
    raise AssertionError("an interrupt cancelled the work, and was then raised by nobody")
