"""How far a replay is, on standard error: bars on a terminal, plain lines elsewhere."""

import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

LINE_SECONDS = 1.0
"""Pace of the lines where there is no terminal."""


class ReplayProgress:
    """One bar per stage; a stage begins when it is first reported."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._lined: dict[str, tuple[float, int]] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, markup=False, soft_wrap=True)

    def stage(self, name: str, done: int, total: int) -> None:
        """``done`` of ``total`` events have come through the stage."""
        if self._console.is_terminal:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name)
            self._bars.update(self._tasks[name], completed=done, total=total)
            return
        lined, shown = self._lined.get(name, (float("-inf"), -1))
        now = time.monotonic()
        if done != shown and (done == total or now - lined >= LINE_SECONDS):
            self._lined[name] = (now, done)
            self.say(f"{name}: {done:,} of {total:,}")
