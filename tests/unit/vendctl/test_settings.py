"""Where a command's settings come from: two systems are never mixed unasked."""

import json
from pathlib import Path

import pytest

from tests.support.events import World
from vendctl.__main__ import main
from vendctl.environment import CONNECTIONS, FILE, choose
from vending import wiring

AZURE = {
    "COSMOS__accountEndpoint": "https://x.documents.azure.com/",
    "DATA__blobServiceUri": "https://x.blob.core.windows.net",
    "DATA__queueServiceUri": "https://x.queue.core.windows.net",
    "EVENTHUB__fullyQualifiedNamespace": "x.servicebus.windows.net",
    "TELEMETRY_HUB": "prod",
}
LOCAL = {"COSMOS": "local", "DATA": "local", "EVENTHUB": "local", "TELEMETRY_HUB": "telemetry"}
NEEDS = ("COSMOS", "DATA")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / FILE).write_text(json.dumps({"Values": LOCAL}))
    return tmp_path


def test_a_whole_environment_leaves_the_file_alone(folder: Path) -> None:
    (folder / FILE).write_text("not even JSON")
    found = choose(None, AZURE, NEEDS, folder)
    assert (found.values, found.told) == (AZURE, "")


def test_an_empty_environment_takes_the_file_of_the_current_folder_and_says_so(folder: Path) -> None:
    found = choose(None, {"PATH": "/bin", "COSMOS": ""}, NEEDS, folder)
    assert found.values == LOCAL | {"PATH": "/bin"}
    assert found.told == "settings from local.settings.json"


def test_a_setting_that_is_no_connection_goes_before_the_files_and_is_told(folder: Path) -> None:
    found = choose(None, {"TELEMETRY_HUB": "mine"}, NEEDS, folder)
    assert found.values == LOCAL | {"TELEMETRY_HUB": "mine"}
    assert found.told == "settings from local.settings.json, but TELEMETRY_HUB from the environment"


@pytest.mark.parametrize("lacking", ["COSMOS__accountEndpoint", "DATA__"])
def test_half_an_environment_is_not_filled_up_unasked(folder: Path, lacking: str) -> None:
    """An operator's exported settings of Azure, in a checkout: one store of each system would be read."""
    half = {name: value for name, value in AZURE.items() if not name.startswith(lacking)}
    with pytest.raises(
        ValueError, match=r"local\.settings\.json is not used, as it may be of another system"
    ):
        choose(None, half, NEEDS, folder)


def test_a_file_that_is_named_fills_in_whole_connections_and_says_which(folder: Path) -> None:
    half = {name: value for name, value in AZURE.items() if not name.startswith("DATA__")}
    found = choose(folder / FILE, half, NEEDS, folder)
    assert found.values == half | {"DATA": "local"}
    assert "COSMOS" not in found.values, "the connection string would go before the identity's address"
    assert found.told.endswith(", but COSMOS, EVENTHUB, TELEMETRY_HUB from the environment")


def test_a_file_that_is_named_and_all_that_is_taken_needs_no_word(folder: Path) -> None:
    found = choose(folder / FILE, {"PATH": "/bin"}, NEEDS, folder)
    assert (found.values, found.told) == (LOCAL | {"PATH": "/bin"}, "")


def test_what_nobody_names_is_named(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ValueError, match=r"no COSMOS, DATA: .* \(no local\.settings\.json is here\)"):
        choose(None, {}, NEEDS, tmp_path_factory.mktemp("empty"))
    with pytest.raises(ValueError, match=r"local\.settings\.json does not have DEVICES"):
        choose(None, {}, ("COSMOS", "DEVICES"), folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Values": 3}'])
def test_a_file_that_holds_no_settings_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"settings\.json is no local\.settings\.json"):
        choose(file, {}, NEEDS, tmp_path)


def test_the_command_line_takes_it_from_where_it_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in CONNECTIONS:
        monkeypatch.delenv(name, raising=False)
    blobs = World().deadletters
    monkeypatch.setattr(wiring, "deadletters", lambda: blobs)
    monkeypatch.chdir(folder)
    assert main(["deadletters", "list", "--json"]) == 0
    assert capsys.readouterr() == ("[]\n", "vendctl: settings from local.settings.json\n")
    for name, value in AZURE.items():
        monkeypatch.setenv(name, value)
    assert main(["deadletters", "list", "--json"]) == 0
    assert capsys.readouterr() == ("[]\n", "")
