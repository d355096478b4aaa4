"""The live screen: what the devices sent stands beside what the app has."""

import io
from collections import Counter

from rich.console import Console

from vendctl.local.figures import Figures
from vendctl.local.screen import Screen
from vendctl.progress import Progress

TRUTH = {
    "machines": 61, "vends": 1_234, "units": 1_250, "revenue": {"EUR": 123_456, "USD": 150},
    "deadLetters": 17, "duplicates": 5, "events": 9_000,
}  # fmt: skip
FIGURES = Figures(
    machines=60, vends=1_233, units=1_249, revenue=Counter(EUR=123_256, USD=150), dead_letters=16,
    open_alerts=4, behind={"ingest": 40, "archive": 0},
)  # fmt: skip


def shown(*, terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, width=400, force_terminal=terminal, color_system=None, highlight=False)
    with Progress(console) as progress:
        Screen(progress).show("vendstream", TRUTH, 9_040, FIGURES, 3)
    return out.getvalue()


def test_a_terminal_shows_truth_and_app_side_by_side() -> None:
    rows = [line.split() for line in shown(terminal=True).splitlines()]
    for row in (
        "devices sent the app has",
        "events 9,040 9,000",
        "vends 1,234 1,233",
        "units 1,250 1,249",
        "revenue 1,234.56 EUR + 1.50 USD 1,232.56 EUR + 1.50 USD",
        "machines 61 60",
        "dead letters 17 16",
        "open alerts 4",
        "notifications 3",
        "behind: ingest 40",
    ):
        assert row.split() in rows


def test_plain_lines_say_the_same() -> None:
    assert shown(terminal=False) == (
        "vendstream: 9040 sent; in the app (and sent): 1233 (1234) vends, "
        "1,232.56 EUR + 1.50 USD (1,234.56 EUR + 1.50 USD), 60 (61) machines, "
        "16 (17) dead letters, 4 alerts; behind: ingest 40, archive 0\n"
    )
