"""What a run says while it runs, and at its end."""

import json
import time
from typing import Any

from rich.table import Table

from simulator.progress import Progress


class Report:
    """Figures once a second, the last ones ``final``: JSON lines on stdout, or shown as progress."""

    def __init__(self, *, lines: bool) -> None:
        self.lines = lines
        self._progress = Progress()
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
        else:
            self._progress.figures(_table(figures), f"{figures['time']}: {_sentence(figures)}")

    def last(self, figures: dict[str, Any]) -> str:
        """The end in a sentence, where it was not printed already."""
        return "" if self.lines else _sentence(figures)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.close()


def _table(figures: dict[str, Any]) -> Table:
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
