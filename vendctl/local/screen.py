"""The live figures: a table on a terminal, plain lines elsewhere."""

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from vendctl.local.figures import Figures, takings

LINE_SECONDS = 2.0
"""Pace of the lines where there is no terminal."""


class Screen:
    """Truth (what the devices sent) beside what the app has; plain lines are on stderr, beside JSON."""

    def __init__(self, console: Console | None = None, *, lines: bool = False) -> None:
        self.console = console or Console(highlight=False, stderr=lines)
        self.live = None if lines or not self.console.is_terminal else Live(console=self.console)
        self._lined = 0.0

    def running(self) -> AbstractContextManager[object]:
        """While this is entered, figures are shown."""
        return self.live or nullcontext()

    def say(self, text: str) -> None:
        """One line that stays."""
        self.console.print(text, markup=False, soft_wrap=True)

    def show(self, title: str, truth: dict[str, Any], sent: int, figures: Figures, notified: int) -> None:
        """The figures of this moment."""
        if self.live:
            self.live.update(self._table(title, truth, sent, figures, notified))
        elif time.monotonic() - self._lined >= LINE_SECONDS:
            self._lined = time.monotonic()
            lag = ", ".join(f"{name} {count}" for name, count in figures.behind.items())
            self.say(
                f"{title}: {sent} sent; in the app (and sent): "
                f"{figures.vends} ({truth.get('vends', 0)}) vends, "
                f"{figures.takings()} ({takings(truth.get('revenue', {}))}), "
                f"{figures.machines} ({truth.get('machines', 0)}) machines, "
                f"{figures.dead_letters} ({truth.get('deadLetters', 0)}) dead letters, "
                f"{figures.open_alerts} alerts; behind: {lag}"
            )

    def _table(self, title: str, truth: dict[str, Any], sent: int, figures: Figures, notified: int) -> Group:
        table = Table(box=None, pad_edge=False)
        for column in ("", "devices sent", "the app has"):
            table.add_column(column, justify="left" if not column else "right")
        table.add_row("events", f"{sent:,}", f"{sent - figures.behind.get('ingest', 0):,}")
        table.add_row("vends", f"{truth.get('vends', 0):,}", f"{figures.vends:,}")
        table.add_row("units", f"{truth.get('units', 0):,}", f"{figures.units:,}")
        table.add_row("revenue", takings(truth.get("revenue", {})), figures.takings())
        table.add_row("machines", f"{truth.get('machines', 0):,}", f"{figures.machines:,}")
        table.add_row("dead letters", f"{truth.get('deadLetters', 0):,}", f"{figures.dead_letters:,}")
        table.add_row("open alerts", "", f"{figures.open_alerts:,}")
        table.add_row("notifications", "", f"{notified:,}")
        for name, count in figures.behind.items():
            table.add_row(f"behind: {name}", "", f"{count:,}")
        return Group(Text(title, style="bold"), table)
