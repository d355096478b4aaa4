"""Figures go to OpenTelemetry where the platform has loaded it, and nowhere else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from vending.adapters.telemetry import INSTRUMENTS, OpenTelemetry, Silent, metrics
from vending.ports import Figure, Metrics

ROOT = Path(__file__).parents[3]
Told = list[tuple[str, float, dict[str, str]]]


class Instrument:
    """As the API's: a counter adds, a histogram records."""

    def __init__(self, tell: Callable[[float, dict[str, str]], None], kind: str) -> None:
        setattr(self, "add" if kind == "counter" else "record", tell)


class Meter:
    """As the API's; an instrument that is made twice is an error here."""

    def __init__(self) -> None:
        self.made: dict[str, tuple[str, str]] = {}
        self.told: Told = []

    def create_counter(self, name: str, unit: str, description: str) -> Instrument:
        return self._made("counter", name, unit, description)

    def create_histogram(self, name: str, unit: str, description: str) -> Instrument:
        return self._made("histogram", name, unit, description)

    def _made(self, kind: str, name: str, unit: str, description: str) -> Instrument:
        assert name not in self.made
        self.made[name] = (kind, unit)
        return Instrument(lambda value, about: self.told.append((name, value, about)), kind)


def test_instruments_are_made_once_and_told_of() -> None:
    meter = Meter()
    found = OpenTelemetry(meter)
    found.tell("events", 3, function="f", outcome="applied")
    found.tell("events", 4, function="f", outcome="duplicate")
    found.tell("lag", 1.5, function="f")
    assert meter.made == {"vendstream.events": ("counter", "{event}"), "vendstream.lag": ("histogram", "s")}
    assert meter.told == [
        ("vendstream.events", 3, {"function": "f", "outcome": "applied"}),
        ("vendstream.events", 4, {"function": "f", "outcome": "duplicate"}),
        ("vendstream.lag", 1.5, {"function": "f"}),
    ]


@pytest.mark.parametrize("listening", [True, False])
def test_a_figure_that_nobody_documented_is_refused(listening: bool) -> None:
    """Where it is written: a wrong name failed only where telemetry is on, so in production."""
    found: Metrics = OpenTelemetry(Meter()) if listening else Silent()
    with pytest.raises(KeyError):
        found.tell("surprises", 1)  # type: ignore[arg-type]
    assert INSTRUMENTS.keys() == set(get_args(Figure))


def test_the_platform_is_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "opentelemetry", raising=False)
    assert isinstance(metrics(), Silent)
    meter, api = Meter(), ModuleType("opentelemetry.metrics")
    api.get_meter = lambda name: meter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "opentelemetry", ModuleType("opentelemetry"))
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", api)
    metrics().tell("lag", 2, function="f")
    assert meter.told == [("vendstream.lag", 2, {"function": "f"})]


def test_nothing_configures_telemetry_and_the_app_does_not_import_it() -> None:
    for folder in ("vending", "blueprints"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            assert "configure_azure_monitor" not in text, path
            assert "set_meter_provider" not in text, path
            assert "import opentelemetry" not in text, path
            assert "from opentelemetry" not in text, path
    program = "import function_app, sys; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_every_figure_stands_in_the_operators_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    rows: dict[str, Any] = {}
    for line in page.splitlines():
        if line.startswith("| `vendstream."):
            name, kind, unit = (cell.strip().strip("`") for cell in line.split("|")[1:4])
            if kind in ("counter", "histogram"):  # the table of figures, not that of alarms
                rows[name.removeprefix("vendstream.")] = (kind, unit)
    assert rows == {name: (kind, unit) for name, (kind, unit, _) in INSTRUMENTS.items()}
