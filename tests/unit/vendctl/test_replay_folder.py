"""A replay's data belong to one file and mapping, and are found again."""

from dataclasses import replace
from pathlib import Path

import pytest

from vendctl.replay import progress as progress_module
from vendctl.replay import sales
from vendctl.replay.errors import ReplayError
from vendctl.replay.folder import MARKER, Folder, fingerprint
from vendctl.replay.progress import ReplayProgress

SAMPLE = Path(__file__).parents[3] / "examples" / "sales.csv"


def test_the_fingerprint_is_of_bytes_and_reading(tmp_path: Path) -> None:
    file = sales.read(SAMPLE)
    copied = tmp_path / "copy.csv"
    copied.write_bytes(SAMPLE.read_bytes())
    assert fingerprint(file) == fingerprint(sales.read(copied))
    elsewhere = replace(file, mapping=replace(file.mapping, timezone="Europe/Berlin"))
    copied.write_bytes(SAMPLE.read_bytes() + b"\n")
    assert len({fingerprint(file), fingerprint(elsewhere), fingerprint(replace(file, path=copied))}) == 3


def test_a_folder_is_found_again_with_its_digest(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "data", "abc")
    folder.open()
    assert folder.ledger is None
    folder.keep("digest")
    again = Folder(tmp_path / "data", "abc")
    again.open()
    assert again.ledger == "digest"


def test_other_data_are_left_alone(tmp_path: Path) -> None:
    Folder(tmp_path, "abc").open()
    with pytest.raises(ReplayError, match="replay of another file or mapping: name another"):
        Folder(tmp_path, "def").open()
    (tmp_path / MARKER).write_text("{")
    with pytest.raises(ReplayError, match=r"replay.json is damaged .* remove"):
        Folder(tmp_path, "abc").open()
    (tmp_path / MARKER).rename(tmp_path / "precious")
    with pytest.raises(ReplayError, match="holds something else"):
        Folder(tmp_path, "abc").open()


def test_without_a_terminal_progress_is_plain_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress_module, "LINE_SECONDS", 3600.0)
    with ReplayProgress() as progress:
        progress.say("data in [somewhere]")
        for done in (0, 1, 1, 9_999, 10_000, 10_000):
            progress.stage("sent", done, 10_000)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["data in [somewhere]", "sent: 0 of 10,000", "sent: 10,000 of 10,000"]
