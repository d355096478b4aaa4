"""What asking for commands costs: the table of docs/device-commands.md is the one that is computed."""

import json
import re

import pytest

from blueprints.questions_commands import LONGEST_WAIT
from vendctl.__main__ import main as vendctl
from vendctl.command_costs import DEVICES, computed, cost, ways
from vendctl.costs import ROOT, SECONDS, read
from vending.commands.fetch_commands import LOOK_EVERY

FIGURES, _ = read()
ASKING = FIGURES["asking"]


def test_the_documented_table_is_the_computed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert vendctl(["costs", "--commands"]) == 0
    assert capsys.readouterr().out in (ROOT / "docs" / "device-commands.md").read_text()
    assert vendctl(["costs", "--commands", "--json"]) == 0
    assert [one["instances"] for one in json.loads(capsys.readouterr().out)][:1] == [1]


def test_the_figures_are_those_of_the_code_and_the_deployment() -> None:
    values = json.loads((ROOT / "local.settings.json").read_text())["Values"]
    assert ASKING["poll_seconds"] == int(values["COMMAND_POLL_SECONDS"])
    assert (ASKING["wait_seconds"], ASKING["look_seconds"]) == (LONGEST_WAIT, LOOK_EVERY)
    app = (ROOT / "infra" / "modules" / "functionapp.bicep").read_text()
    assert f"perInstanceConcurrency: {ASKING['places']} }}" in app
    (waits,) = re.findall(r"COMMAND_WAITS: '(\d+)'", app)
    assert values["COMMAND_WAITS"] == waits
    assert int(waits) == ASKING["places"] / 4
    main = (ROOT / "infra" / "main.bicep").read_text()
    assert f"param commandPollSeconds int = {ASKING['poll_seconds']}\n" in main


def test_short_polls_by_hand() -> None:
    """16.7 requests a second keep one instance awake; each reads once."""
    polls = cost(FIGURES, ways(ASKING)[0])
    assert polls.requests == pytest.approx(DEVICES / 300 * SECONDS)
    assert polls.instances == 1
    assert polls.functions == pytest.approx(43.8 * 0.40 + SECONDS * 2 * 0.000026, rel=1e-3)
    assert polls.cosmos == pytest.approx(43.8 * 0.25, rel=1e-3)


def test_who_waits_occupies_a_place_each() -> None:
    waiting = cost(FIGURES, ways(ASKING)[-1])
    assert waiting.instances == 313
    assert waiting.cosmos == pytest.approx(DEVICES / 2 * SECONDS / 1e6 * 0.25)
    assert waiting.together > 50 * computed()[0].together


def test_few_devices_let_the_instance_sleep() -> None:
    few = cost(FIGURES, ways(ASKING, 10)[0])
    assert few.functions < 0.1 * cost(FIGURES, ways(ASKING)[0]).functions
