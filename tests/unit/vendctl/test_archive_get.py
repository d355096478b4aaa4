"""Archive blobs become files: those that count, whole or not at all."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.archive import FakeArchive
from tests.support.events import NOON
from vendctl.__main__ import main as vendctl
from vendctl.archive_get import Hours, get
from vending import wiring
from vending.archive.layout import manifest_name, parquet_name, whole_hour
from vending.archive.manifest import Entry, Manifest, Table

HOUR = whole_hour(NOON)
LATER = HOUR + timedelta(hours=1)


def compacted(blobs: FakeArchive) -> list[str]:
    """Two hours with a table each, and a leftover of an earlier run in the first."""
    names = []
    for hour in (HOUR, LATER):
        name = parquet_name(hour, "1/0", f"{hour:%H}")
        blobs.put(name, f"table of {hour:%H}".encode())
        entry = Entry(through=9, gaps=[], table=Table(name, 11, ""))
        blobs.put(manifest_name(hour), Manifest(hour, {"1/0": entry}).encode())
        names.append(name)
    blobs.put(parquet_name(HOUR, "1/0", "leftover"), b"an earlier table")
    return names


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


async def test_the_tables_that_manifests_name_and_no_others(tmp_path: Path) -> None:
    blobs = FakeArchive()
    names = compacted(blobs)
    done = await get(blobs, tmp_path, Hours(), raw=False)
    assert (files(tmp_path), done.files, done.bytes) == (set(names), 2, 22)
    assert (tmp_path / names[0]).read_bytes() == b"table of 12"


async def test_some_hours_only(tmp_path: Path) -> None:
    blobs = FakeArchive()
    names = compacted(blobs)
    await get(blobs, tmp_path, Hours(end=LATER), raw=False)
    assert files(tmp_path) == {names[0]}
    await get(blobs, tmp_path, Hours(start=LATER), raw=False)
    assert files(tmp_path) == set(names)


async def test_what_is_there_is_not_fetched_again_and_what_grew_is(tmp_path: Path) -> None:
    blobs = FakeArchive()
    name = f"raw/{HOUR:date=%Y-%m-%d/hour=%H}/g=1-p=0-c=00000000.jsonl.gz"
    blobs.put(name, b"one")
    assert (await get(blobs, tmp_path, Hours(), raw=True)).files == 1
    again = await get(blobs, tmp_path, Hours(), raw=True)
    assert (again.files, again.there) == (0, 1)
    blobs.put(name, b"one two")
    assert (await get(blobs, tmp_path, Hours(), raw=True)).files == 1
    assert (tmp_path / name).read_bytes() == b"one two"


async def test_a_fetch_that_breaks_off_leaves_no_half_file(tmp_path: Path) -> None:
    blobs = FakeArchive()
    (name, _) = compacted(blobs)

    def fault(operation: str, key: str) -> None:
        if key == name:
            raise ConnectionError("cut")

    blobs.fault = fault
    with pytest.raises(ConnectionError):
        await get(blobs, tmp_path, Hours(), raw=False)
    assert name not in files(tmp_path)


@pytest.mark.parametrize(
    ("more", "files", "size"), [([], 2, 22), (["--to", f"{LATER:%Y-%m-%dT%H}:00"], 1, 11)]
)
def test_the_command_says_how_much_it_fetched(
    more: list[str], files: int, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    blobs = FakeArchive()
    compacted(blobs)
    monkeypatch.setenv("DATA", "here")
    monkeypatch.setattr(wiring, "archive_blobs", lambda: blobs)
    words = ["archive", "get", str(tmp_path), *more]
    assert vendctl([*words, "--json"]) == 0
    told = {"folder": str(tmp_path), "files": files, "bytes": size, "there": 0}
    assert json.loads(capsys.readouterr().out) == told
    assert vendctl(words) == 0
    assert capsys.readouterr().out == f"0 files of 0 bytes in {tmp_path}, {files} were there already\n"
