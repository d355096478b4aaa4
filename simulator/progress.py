"""What a run says while it runs: JSON lines, a live screen, or nothing; and what at its end."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table


class Progress:
    """One report a second; the last one has ``final``. A ``still`` one has only that."""

    def __init__(self, *, lines: bool, still: bool = False) -> None:
        self.lines = lines
        self._live: Live | None = None
        if not lines and not still and sys.stdout.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(), refresh_per_second=2)
            self._live.start()
        self._due = time.monotonic()

    def due(self) -> bool:
        """Whether a second has passed."""
        if time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + 1
        return True

    def report(self, figures: dict[str, Any]) -> None:
        """Show figures."""
        if self.lines:
            print(json.dumps(figures, separators=(",", ":")), flush=True)
        elif self._live:
            self._live.update(_table(figures))

    def last(self, figures: dict[str, Any]) -> str:
        """The end in a sentence, where it was not shown already."""
        return "" if self.lines or self._live else _sentence(figures)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._live:
            self._live.stop()


def _table(figures: dict[str, Any]) -> Table:
    from rich.table import Table

    truth = figures["truth"]
    table = Table(title=f"simulated fleet, {figures['machines']} machines, {figures['time']}")
    table.add_column("figure")
    table.add_column("truth", justify="right")
    rows = {
        "events acknowledged": f"{figures['acknowledged']:,}",
        "events per second": f"{figures['rate']:,.1f}",
        "waiting": f"{figures['waiting']:,}",
        "devices offline": f"{figures['offline']:,}",
        "vends": f"{truth['vends']:,}",
        "units": f"{truth['units']:,}",
        "duplicates": f"{truth['duplicates']:,}",
        "dead letters to come": f"{truth['deadLetters']:,}",
    }
    for currency, minor in truth["revenue"].items():
        rows[f"revenue, {currency}"] = f"{minor / 100:,.2f}"
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _sentence(figures: dict[str, Any]) -> str:
    truth = figures["truth"]
    return (
        f"{figures['acknowledged']:,} events acknowledged of {figures['machines']:,} machines: "
        f"{truth['vends']:,} vends, {truth['units']:,} units, {truth['deadLetters']:,} to be refused"
    )
