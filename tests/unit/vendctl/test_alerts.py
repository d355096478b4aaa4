"""``vendctl alerts``: what it shows and does, on alerts in memory."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support import alerts as raised
from tests.support.fakes import FakeDocuments
from vendctl.__main__ import main
from vending import wiring
from vending.alerts.transitions import Finding
from vending.time import millis

NOON = millis(datetime(2026, 3, 1, 12, tzinfo=UTC))
DOOR = ("vm-1", "fault", "coin:EVA4")


class Deployment:
    """Alerts that the commands find by the wiring, and what they said."""

    def __init__(self, alerts: FakeDocuments, capsys: pytest.CaptureFixture[str]) -> None:
        self.alerts = alerts
        self.capsys = capsys

    def find(self, machine: str, rule: str, component: str, *firing: bool) -> None:
        for order, state in enumerate(firing, start=1):
            finding = Finding(machine, rule, component, (order,), state, NOON + order * 60_000, {"onHand": 0})
            asyncio.run(raised.find(self.alerts, finding, NOON))

    def run(self, *words: str) -> str:
        """What it prints, when it is done."""
        assert main(["alerts", *words]) == 0
        return self.capsys.readouterr().out

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))

    def fails(self, *words: str) -> str:
        """The one line of a command that cannot do its work."""
        assert main(["alerts", *words]) == 2
        said = self.capsys.readouterr()
        assert said.out == ""
        [line] = said.err.splitlines()
        return line


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployment:
    alerts = FakeDocuments("machineId")
    monkeypatch.setattr(wiring, "alerts", lambda: alerts)
    for name, value in {"COSMOS": "somewhere", "COSMOS_DATABASE": "vendstream", "USER": "ada"}.items():
        monkeypatch.setenv(name, value)
    deployment = Deployment(alerts, capsys)
    deployment.find("vm-1", "sold-out", "A1", True)
    deployment.find(*DOOR, True, False, True)
    deployment.find("vm-2", "cold-chain", "main", True)
    deployment.find("vm-2", "silent", "machine", True, False)
    return deployment


def test_the_open_alerts_are_listed_the_most_severe_first(app: Deployment) -> None:
    assert app.run("list").splitlines() == [
        "critical  vm-2  cold-chain  main       2026-03-01 12:01  open",
        "warning   vm-1  fault       coin:EVA4  2026-03-01 12:03  open",
        "info      vm-1  sold-out    A1         2026-03-01 12:01  open",
        "3 open alerts",
    ]
    assert [one["rule"] for one in app.json("list", "--machine", "vm-1")] == ["fault", "sold-out"]
    assert app.json("list", "--rule", "silent") == []
    assert app.run("list", "--rule", "silent") == "0 open alerts\n"


def test_what_people_do_is_shown_where_the_alert_is_listed(app: Deployment) -> None:
    assert app.run("acknowledge", *DOOR) == "vm-1/fault/coin:EVA4: acknowledged by ada\n"
    assert app.run("acknowledge", *DOOR, "--by", "ben") == "vm-1/fault/coin:EVA4: acknowledged by ada\n"
    assert app.run("unacknowledge", *DOOR) == "vm-1/fault/coin:EVA4: open\n"
    assert app.run("acknowledge", *DOOR) == "vm-1/fault/coin:EVA4: acknowledged by ada\n"
    app.run("assign", *DOOR, "ben", "--by", "cleo")
    app.run("note", *DOOR, "spare part ordered")
    assert "acknowledged by ada, owner ben" in app.run("list")
    assert [one["rule"] for one in app.json("list", "--unattended")] == ["cold-chain", "sold-out"]
    found = app.json("show", *DOOR)
    assert (found["state"], found["severity"], found["owner"]) == ("open", "warning", "ben")
    assert [(x["what"], x["by"], x["text"]) for x in found["history"]] == [
        ("acknowledged", "ada", None),
        ("unacknowledged", "ada", None),
        ("acknowledged", "ada", None),
        ("assigned", "cleo", "ben"),
        ("noted", "ada", "spare part ordered"),
    ]
    assert [one["ended"] for one in found["episodes"]] == [{"how": "evidence"}]


def test_a_snooze_is_until_a_time_or_for_hours_and_may_be_ended(app: Deployment) -> None:
    found = app.json("snooze", *DOOR, "--hours", "2")
    assert found["snoozedUntil"]
    assert found["notification"] == "snoozed"
    assert app.json("snooze", *DOOR, "--end")["snoozedUntil"] < found["snoozedUntil"]
    assert "is no time within the next 30 days" in app.fails("snooze", *DOOR, "--until", "2020-01-01T00:00")
    for ways in ([], ["--end", "--hours", "1"]):
        assert "say --until TIME, --hours N, or --end" in app.fails("snooze", *DOOR, *ways)


def test_what_is_resolved_by_hand_says_so_while_it_stays_closed_and_its_episode_for_good(
    app: Deployment,
) -> None:
    app.run("note", *DOOR, "came back twice")
    said = app.run("resolve", *DOOR, "--reason", "coin mechanism replaced")
    assert said == "vm-1/fault/coin:EVA4: closed, resolved by ada: coin mechanism replaced\n"
    lines = app.run("show", *DOOR).splitlines()
    assert lines[0] == "vm-1: Fault coin:EVA4 (warning)"
    assert "closed, resolved by ada: coin mechanism replaced" in lines[1]
    assert any(line.startswith("episode 2: ") and "ended by ada: coin mechanism" in line for line in lines)
    assert any("ada noted: came back twice" in line for line in lines)
    assert lines[-1] == "episode 1: 2026-03-01T12:01:00.000Z to 2026-03-01T12:02:00.000Z, ended by evidence"
    assert app.fails("resolve", *DOOR, "--reason", "again").endswith("is not open")


def test_what_cannot_be_done_is_a_line(app: Deployment) -> None:
    for words in (["show"], ["acknowledge"]):
        assert "there is no alert vm-1/fault/x" in app.fails(*words, "vm-1", "fault", "x")
    assert "is not open" in app.fails("note", "vm-2", "silent", "machine", "x")
    assert "1 to 1,000 characters" in app.fails("note", *DOOR, " ")
    assert "a name has 1 to 100" in app.fails("acknowledge", *DOOR, "--by", "x" * 101)
