"""Ctrl-C at any moment: nothing that was started goes unnoted, whoever started us."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM)


def interruptible() -> None:
    """SIGINT and SIGTERM raise KeyboardInterrupt, also where a shell started us with SIGINT ignored."""
    for number in STOPS:
        signal.signal(number, signal.default_int_handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off SIGINT and SIGTERM until the block is over: a process that was just started is noted first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []
    before = {number: signal.getsignal(number) for number in STOPS}
    for number in STOPS:
        signal.signal(number, lambda said, frame: caught.append((said, frame)))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    for said, frame in caught:
        handler = before[signal.Signals(said)]
        if callable(handler):
            handler(said, frame)
        elif handler == signal.SIG_DFL:
            signal.raise_signal(said)
