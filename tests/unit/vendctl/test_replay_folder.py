"""A replay's data belong to one file and mapping, and are found again."""

from dataclasses import replace
from pathlib import Path

import pytest

from vendctl.replay import sales
from vendctl.replay.errors import ReplayError
from vendctl.replay.folder import MARKER, Folder, fingerprint

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
