"""How far a long command is, on stderr: bars and figures on a terminal, plain lines elsewhere.

stdout is the answer's alone. vendctl/progress.py and simulator/progress.py are one text, as the simulator
stands alone; a test compares them.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds between two lines about one thing: a tenth of what it has taken, within these bounds, so that a log
of hours stays readable."""


@dataclass(slots=True)
class _Lines:
    """The lines about one thing: since when it goes on, what was written last and when, what was not."""

    begun: float
    written: float = float("-inf")
    text: str = ""
    newest: str = ""

    def due(self, now: float) -> bool:
        return now - self.written >= min(LONGEST, max(SHORTEST, (now - self.begun) / 10))


class Progress:
    """Of one command, while it is entered: lines that stay, stages with a bar each, a table of figures."""

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._clock = clock
        columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}")
        self._bars = Bars(*columns, TimeElapsedColumn())
        self._tasks: dict[str, TaskID] = {}
        self._figures: RenderableType | None = None
        self._lines: dict[str, _Lines] = {}
        self._live: Live | None = None
        if self._console.is_terminal:
            # Where stdout is the same terminal, what is printed there goes above the bars.
            one = sys.stdout.isatty()
            self._live = Live(get_renderable=self._shown, console=self._console, redirect_stdout=one)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The newest of everything stays."""
        if self._live:
            self._live.stop()
        for lines in self._lines.values():
            self._write(lines)

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, markup=False, soft_wrap=True)

    def stage(self, name: str, done: float, total: float | None = None, note: str = "") -> None:
        """``done`` of ``total`` (None: nobody knows) are through a stage; it begins when first told."""
        told = f"{done:,.0f}" + ("" if total is None else f" of {total:,.0f}") + (f", {note}" if note else "")
        if not self._live:
            self._line(name, f"{name}: {told}", last=done == total)
            return
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total, told=told)
        self._bars.update(self._tasks[name], completed=done, total=total, told=told)
        self._live.start()

    def figures(self, table: RenderableType, line: str) -> None:
        """The figures of this moment: as a table, and in a line."""
        if not self._live:
            self._line("", line)
            return
        self._figures = table
        self._live.start()

    def _shown(self) -> RenderableType:
        parts = [self._figures] if self._figures else []
        return Group(*parts, *([self._bars] if self._tasks else []))

    def _line(self, name: str, text: str, *, last: bool = False) -> None:
        now = self._clock()
        lines = self._lines.setdefault(name, _Lines(now))
        lines.newest = text
        if last or lines.due(now):
            lines.written = now
            self._write(lines)

    def _write(self, lines: _Lines) -> None:
        if lines.newest != lines.text:
            lines.text = lines.newest
            self.say(lines.text)
