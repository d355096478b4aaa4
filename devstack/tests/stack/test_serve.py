"""What programs start is what the command line starts by the same words, without the packages of that."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devstack import serve
from devstack.__main__ import main as command_line
from devstack.cosmos import cli as cosmos
from devstack.eventhubs import cli as eventhubs
from devstack.functions import cli as functions
from devstack.mail import cli as mail
from devstack.storage_events import cli as storage_events

ROOT = Path(__file__).parents[3]
HUBS = (
    '{"UserConfig": {"NamespaceConfig": [{"Type": "EventHub", "Name": "n", "Entities": ENTITIES}]}}'.replace(
        "ENTITIES", '[{"Name": "h", "PartitionCount": 1, "ConsumerGroups": []}]'
    )
)
GOOD = (
    "eventhubs --data d --port 0",
    "eventhubs --data d --port 1 --config hubs.json --policies p --control c --ready-file r",
    "cosmos --data d --port 0",
    "cosmos --data d --port 1 --rus 400 --ranges 3 --control --ready-file r",
    "functions app",
    "functions app --port 0 --ready-file r --only one two --enable-auth --python p",
    "functions app --only one --only two --instances f=2 g=3 --quiet --until-stdin-closes --data d",
    "storage-events --container c --queue q --data d --blob-port 1 --queue-port 2 --ready-file r",
    "mail --data d --port 1 --page-port 2 --ready-file r",
)
ONLY_TYPED = (
    "eventhubs --data d --port 0 --durability power --idle-timeout 0.5",
    "eventhubs --data d",
    "cosmos --data d",
    "cosmos --data d --port 0 --key secret --json",
    "mail --data d --port 1 --page-port 2 --fault hang --login u:p --keep 3 --mail-bytes 99",
    "mail --data d",
    "functions app --watch --drain 3",
    "storage-events --container c --queue q --data d",
)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Any, ...]]:
    """What the parts are asked to serve, but for who is told that they listen."""
    (tmp_path / "hubs.json").write_text(HUBS)
    monkeypatch.chdir(tmp_path)
    found: list[tuple[Any, ...]] = []

    def served(serving: functions.Serving) -> None:
        found.append((replace(serving, listening=print),))

    for part in (eventhubs, cosmos, mail, storage_events):
        monkeypatch.setattr(part, "run", lambda *asked: found.append(asked[:-1]))
    monkeypatch.setattr(functions, "run", served)
    return found


@pytest.mark.parametrize("words", [*GOOD, *ONLY_TYPED])
def test_the_same_words_serve_the_same(words: str, runs: list[tuple[Any, ...]]) -> None:
    assert (serve.main(words.split()), command_line(words.split())) == (0, 0)
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    "words",
    [
        "cosmos --data d --port 0 --rus 0",
        "cosmos --data d --port x",
        "functions",
        "eventhubs --prt 1",
        "cosmos --help",
    ],
)
def test_what_is_wrong_is_told_alike(
    words: str, runs: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    said = [(main(words.split()), capsys.readouterr()) for main in (serve.main, command_line)]
    assert said[0] == said[1]
    assert runs == []


def test_a_fault_is_told_alike(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*_: object) -> None:
        raise OSError("the folder is taken")

    monkeypatch.setattr(cosmos, "run", fails)
    words = ["cosmos", "--data", "d", "--port", "0"]
    mains: Sequence[Callable[[Sequence[str]], int]] = (serve.main, command_line)
    said = [(main(words), capsys.readouterr()) for main in mains]
    assert said[0] == said[1]
    assert said[0][0] == 2
    assert "devstack cosmos: the folder is taken" in said[0][1].err


@pytest.mark.parametrize("words", [*GOOD[1::2], GOOD[-1]])
def test_good_words_import_nothing_of_the_command_line(words: str, tmp_path: Path) -> None:
    (tmp_path / "hubs.json").write_text(HUBS)
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from devstack import serve\n"
        f"from devstack.{words.split()[0].replace('-', '_')} import cli; cli.run = lambda *_: None\n"
        f"serve.main({words.split()!r}); sys.exit(' '.join({{'typer', 'pydantic'}} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
