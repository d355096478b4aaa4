"""The live figures: what the devices sent beside what the app has."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from vendctl.local.figures import Figures
from vendctl.progress import Progress
from vending.money import amounts


class Screen:
    """Truth (what the devices sent) beside what the app has."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def say(self, text: str) -> None:
        """One line that stays."""
        self._progress.say(text)

    def show(self, title: str, truth: dict[str, Any], sent: int, figures: Figures, notified: int) -> None:
        """The figures of this moment."""
        lag = ", ".join(f"{name} {count}" for name, count in figures.behind.items())
        line = (
            f"{title}: {sent} sent; in the app (and sent): "
            f"{figures.vends} ({truth.get('vends', 0)}) vends, "
            f"{amounts(figures.revenue)} ({amounts(truth.get('revenue', {}))}), "
            f"{figures.machines} ({truth.get('machines', 0)}) machines, "
            f"{figures.dead_letters} ({truth.get('deadLetters', 0)}) dead letters, "
            f"{figures.open_alerts} alerts; behind: {lag}"
        )
        self._progress.figures(self._table(title, truth, sent, figures, notified), line)

    def _table(self, title: str, truth: dict[str, Any], sent: int, figures: Figures, notified: int) -> Group:
        table = Table(box=None, pad_edge=False)
        for column in ("", "devices sent", "the app has"):
            table.add_column(column, justify="left" if not column else "right")
        table.add_row("events", f"{sent:,}", f"{sent - figures.behind.get('ingest', 0):,}")
        table.add_row("vends", f"{truth.get('vends', 0):,}", f"{figures.vends:,}")
        table.add_row("units", f"{truth.get('units', 0):,}", f"{figures.units:,}")
        table.add_row("revenue", amounts(truth.get("revenue", {})), amounts(figures.revenue))
        table.add_row("machines", f"{truth.get('machines', 0):,}", f"{figures.machines:,}")
        table.add_row("dead letters", f"{truth.get('deadLetters', 0):,}", f"{figures.dead_letters:,}")
        table.add_row("open alerts", "", f"{figures.open_alerts:,}")
        table.add_row("notifications", "", f"{notified:,}")
        for name, count in figures.behind.items():
            table.add_row(f"behind: {name}", "", f"{count:,}")
        return Group(Text(title, style="bold"), table)
