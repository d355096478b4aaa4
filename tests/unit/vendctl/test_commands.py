"""``vendctl`` as a whole: set-up and tear-down around a command, faults in a line, answers as JSON."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError

from devstack.commandline import Answer, Exit, NotDone
from vendctl import costs, provision
from vendctl.__main__ import main
from vendctl.commands.program import adopt, wired
from vending import wiring
from vending.errors import Transient

ROOT = Path(__file__).parents[3]
COMPLETE = {"COSMOS": "here", "DATA": "here", "EVENTHUB": "here", "AzureWebJobsStorage": "here"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)


def failing(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """``vendctl provision`` ends with that."""

    async def fail(_: object) -> None:
        raise fault

    monkeypatch.setattr(provision, "provision", fail)


def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    assert main(["provision"]) == 130
    assert capsys.readouterr() == ("", "")
    assert main(["provision", "--json"]) == 130
    assert json.loads(capsys.readouterr().out)["exitCode"] == 130


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
    failing(monkeypatch, fault)
    assert main(["provision"]) == 2
    assert capsys.readouterr().err == f"vendctl provision: {line} (VENDCTL_TRACEBACK=1 shows where)\n"
    monkeypatch.setenv("VENDCTL_TRACEBACK", "1")
    assert main(["provision"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_why_a_command_refuses_is_told_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, NotDone("fleet.csv:\n  line 2: no such site\n  line 9: neither"))
    assert main(["provision"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "vendctl provision: fleet.csv:", "  line 2: no such site", "  line 9: neither",
    ]  # fmt: skip


def test_a_bug_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, KeyError("schema"))
    assert main(["provision", "--json"]) == 2
    said = capsys.readouterr()
    assert "Traceback" in said.err
    assert json.loads(said.out) == {
        "error": "vendctl provision: this is a bug: KeyError: 'schema'", "exitCode": 2,
    }  # fmt: skip


def test_stores_are_closed_and_the_environment_is_as_it_was_however_a_command_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed: list[str] = []

    async def close() -> None:
        closed.append(os.environ["TELEMETRY_HUB"])

    monkeypatch.setattr(wiring, "close", close)
    monkeypatch.delenv("TELEMETRY_HUB", raising=False)
    file = tmp_path / "settings.json"
    file.write_text('{"Values": {"TELEMETRY_HUB": "of the file"}}')
    before = dict(os.environ)
    for fault in (ValueError("x"), KeyError("x"), KeyboardInterrupt()):
        failing(monkeypatch, fault)
        assert main(["provision", "--settings", str(file)]) in (2, 130)
        assert os.environ == before
    assert closed == ["of the file"] * 3


def test_a_system_of_this_machine_lends_its_settings_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELEMETRY_HUB", raising=False)
    with adopt({"COSMOS": "there", "TELEMETRY_HUB": "hub"}):
        assert (os.environ["COSMOS"], os.environ["TELEMETRY_HUB"]) == ("there", "hub")
    assert (os.environ["COSMOS"], os.environ.get("TELEMETRY_HUB")) == ("here", None)


def test_work_on_stores_has_a_loop_of_its_own() -> None:
    async def work() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert wired(work()) is not wired(work())


def answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setattr(costs, "computed", list)
    monkeypatch.setattr(costs, "table", str)
    monkeypatch.setattr("vendctl.commands.checkout.Answer", lambda *_: answer)


def test_an_answer_is_text_for_people_and_one_line_for_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, Answer({"a": "é\n"}, "told\nin lines", Exit.WRONG, "what is wrong"))
    assert main(["costs"]) == 1
    assert capsys.readouterr() == ("told\nin lines\n", "what is wrong\n")
    for words in (["costs", "--json"], ["--json", "costs"]):
        assert main(words) == 1
        assert capsys.readouterr() == ('{"a": "é\\n"}\n', "what is wrong\n")


def test_a_verdict_that_is_not_good_is_told_beside_json_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, Answer({}, "not yet: ask again", Exit.NOT_YET))
    assert main(["costs", "--json"]) == 3
    assert capsys.readouterr() == ("{}\n", "not yet: ask again\n")


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    words = [sys.executable, "-m", "vendctl", "costs"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def calls() -> Iterator[tuple[str, str]]:
    """Every module of vendctl with what it must not do by itself."""
    for path in sorted((ROOT / "vendctl").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for word in ("argparse", "os.environ", "wiring.close", "sys.argv"):
            if word in path.read_text():
                yield name, word


def test_set_up_and_tear_down_stand_in_one_place() -> None:
    """Eight copies of the settings' loading and twelve of the stores' closing stood in the commands."""
    allowed = {
        ("vendctl/commands/program.py", "os.environ"),
        ("vendctl/commands/program.py", "wiring.close"),
        ("vendctl/__main__.py", "sys.argv"),
        ("vendctl/browser.py", "os.environ"),  # CHROMIUM, for tests too
        ("vendctl/browser.py", "sys.argv"),  # `python -m vendctl.browser`, of the set-up
        ("vendctl/indexing.py", "os.environ"),  # PATH, for a clean interpreter
        ("vendctl/indexing.py", "sys.argv"),  # of that interpreter's program
    }
    assert set(calls()) == allowed


@pytest.mark.parametrize(
    "words", ["account", "provision", "picklist route", "deadletters list", "archive audit", "partitions"]
)
@pytest.mark.parametrize("settings", ["none", "no such file", "no json"])
def test_missing_or_broken_settings_are_one_line_and_exit_code_2(
    words: str, settings: str, tmp_path: Path
) -> None:
    """The commonest mistakes: 28 to 234 lines of traceback before, and exit code 1 or 2 by command."""
    (tmp_path / "no json").write_text("{")
    option = [] if settings == "none" else ["--settings", str(tmp_path / settings)]
    done = subprocess.run(
        [sys.executable, "-m", "vendctl", *words.split(), *option], capture_output=True, text=True,
        check=False, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert re.match(rf"vendctl {words.removesuffix(' route')}: ", done.stderr)


def test_settings_are_taken_before_and_after_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``archive --settings FILE audit`` was right and ``archive audit --settings FILE`` wrong, once."""
    seen: list[str] = []

    async def see(environment: dict[str, str], *_: Any) -> Any:
        seen.append(environment["TELEMETRY_HUB"])
        raise NotDone("seen")

    monkeypatch.setattr("vendctl.archive.audit", see)
    monkeypatch.delenv("TELEMETRY_HUB", raising=False)
    file = tmp_path / "settings.json"
    file.write_text('{"Values": {"TELEMETRY_HUB": "of the file"}}')
    named = ["--settings", str(file)]
    for words in (
        [*named, "archive", "audit"], ["archive", *named, "audit"], ["archive", "audit", *named],
        [f"--settings={file}", "archive", "audit"], ["archive", "audit", "--quick", *named, "--offline"],
    ):  # fmt: skip
        assert main(words) == 2
    assert seen == ["of the file"] * 5
