"""The command line as a whole: every command there, and settings from where they should come."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from vendctl import __main__ as command
from vendctl.__main__ import COMMANDS, main
from vendctl.environment import load


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
