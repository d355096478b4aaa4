"""The command line as a whole: every command there, and settings from where they should come."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from azure.core.exceptions import ServiceRequestError

from vendctl import __main__ as command
from vendctl.__main__ import COMMANDS, main
from vendctl.environment import load
from vending.errors import Transient

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        import_module(COMMANDS[name][0]).main(["--help"])
    assert ended.value.code == 0
    assert f"vendctl {name}" in capsys.readouterr().out


def test_no_command_and_a_wrong_one_list_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["--help"]) == 0
    assert main(["replya"]) == 2
    said = capsys.readouterr()
    assert "no command 'replya'" in said.err
    assert all(name in said.out and name in said.err for name in COMMANDS)


def test_ctrl_c_before_a_command_minds_it_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "import_module", interrupted)
    monkeypatch.setattr("sys.argv", ["vendctl", "run"])
    assert command.entry() == 130


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (
            ValueError("app setting TELEMETRY_HUB is missing\nand more"),
            "app setting TELEMETRY_HUB is missing",
        ),
        (Transient("Cosmos DB does not answer"), "Cosmos DB does not answer"),
        (ExceptionGroup("some", [ExceptionGroup("more", [TimeoutError("late")])]), "late"),
        (ServiceRequestError("cannot connect to localhost:1"), "cannot connect to localhost:1"),
        (FileNotFoundError(2, "No such file", "nope.json"), "[Errno 2] No such file: 'nope.json'"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_what_a_person_can_mend_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: Exception, line: str
) -> None:
    def failing(_: str) -> None:
        raise fault

    monkeypatch.setattr(command, "import_module", failing)
    monkeypatch.setattr("sys.argv", ["vendctl", "account"])
    assert command.entry() == 2
    assert capsys.readouterr().err == f"vendctl account: {line} (VENDCTL_TRACEBACK=1 shows where)\n"
    monkeypatch.setenv(command.TRACEBACK, "1")
    with pytest.raises(type(fault)):
        command.entry()


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: str) -> None:
        raise KeyError("schema")

    monkeypatch.setattr(command, "import_module", failing)
    monkeypatch.setattr("sys.argv", ["vendctl", "account"])
    with pytest.raises(KeyError):
        command.entry()


@pytest.mark.parametrize(
    "name", ["account", "provision", "picklist route", "deadletters list", "archive audit"]
)
@pytest.mark.parametrize("settings", ["none", "no such file", "no json"])
def test_missing_or_broken_settings_are_one_line_and_exit_code_2(
    name: str, settings: str, tmp_path: Path
) -> None:
    """The commonest mistakes: 28 to 234 lines of traceback before, and exit code 1 or 2 by command."""
    (tmp_path / "no json").write_text("{")
    option = [] if settings == "none" else ["--settings", str(tmp_path / settings)]
    first, *rest = name.split()
    before = first in ("archive", "deadletters")
    words = [first, *option, *rest] if before else [first, *rest, *option]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "vendctl", *words], capture_output=True, text=True, check=False,
        env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "local.settings.json"
    file.write_text(json.dumps({"Values": {"A": "file", "B": "file"}}))
    assert load(str(file), {"B": "environment"}) == {"A": "file", "B": "environment"}
    assert load(None, {"B": "environment"}) == {"B": "environment"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Values": 3}'])
def test_a_file_that_holds_no_settings_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"settings\.json is no local\.settings\.json"):
        load(str(file), {})
