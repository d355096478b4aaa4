"""How far a command is: bars and figures on a terminal, plain lines elsewhere, never on stdout."""

import io
import sys

import pytest
from rich.console import Console
from rich.text import Text

from vendctl.progress import Progress


class Clock:
    """It stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def terminal() -> tuple[io.StringIO, Console]:
    out = io.StringIO()
    return out, Console(file=out, width=100, force_terminal=True, color_system=None, highlight=False)


def test_without_a_terminal_it_is_plain_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(clock=Clock()) as progress:
        progress.say("data in [somewhere]")
        for done in (0, 1, 1, 9_999, 10_000, 10_000):
            progress.stage("sent", done, 10_000)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["data in [somewhere]", "sent: 0 of 10,000", "sent: 10,000 of 10,000"]


def test_a_log_of_hours_has_few_lines_and_ends_with_the_newest(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Progress(clock=clock) as progress:
        for second in range(4 * 3600):
            clock.now += 1
            progress.stage("events read", second)
            progress.figures(Text("a table"), f"{second} s")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:4] == ["events read: 0", "0 s", "events read: 1", "1 s"]
    assert lines[-2:] == ["events read: 14,399", "14399 s"]
    assert 2 * 240 < len(lines) < 2 * 300


def test_stages_are_paced_apart_and_their_notes_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(clock=Clock()) as progress:
        progress.stage("ingest done", 1, 3)
        progress.stage("archive done", 2, 3, "up to 12h")
    assert capsys.readouterr().err == "ingest done: 1 of 3\narchive done: 2 of 3, up to 12h\n"


def test_a_terminal_has_bars_and_figures_and_lines_above_them() -> None:
    out, console = terminal()
    with Progress(console) as progress:
        progress.say("data in [somewhere]")
        assert "\x1b" not in out.getvalue(), "before the first stage nothing is drawn"
        progress.stage("sent", 147, 1_000)
        progress.stage("hours audited", 12, note="2026-11-24T12h")
        progress.figures(Text("a table"), "a line")
        print("from elsewhere", file=sys.stderr)
    shown = out.getvalue()
    rows = [line.split() for line in shown.splitlines()]
    assert rows[0] == ["data", "in", "[somewhere]"]
    assert "from elsewhere" in shown
    assert any(row[:1] == ["sent"] and row[2:5] == ["147", "of", "1,000"] for row in rows)
    assert any(row[:2] == ["hours", "audited"] and row[-3:-1] == ["12,", "2026-11-24T12h"] for row in rows)
    assert "a table" in shown
    assert "a line" not in shown


def test_what_is_printed_for_programs_goes_to_stdout_under_a_terminals_bars(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, console = terminal()
    with Progress(console) as progress:
        progress.stage("sent", 1, 2)
        print('{"a": 1}')
    assert capsys.readouterr().out == '{"a": 1}\n'
    assert "{" not in out.getvalue()
