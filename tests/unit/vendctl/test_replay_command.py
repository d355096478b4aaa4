"""What the command says and returns, around a replay that is none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from vendctl.__main__ import main as vendctl
from vendctl.operations.audit import Finding, Report
from vendctl.operations.compare_rebuilt import Comparison
from vendctl.replay import command
from vendctl.replay.errors import ReplayError
from vendctl.replay.reconcile import Key, Mismatch, Sum
from vendctl.replay.report import Outcome
from vendctl.replay.sales import SalesFile
from vendctl.replay.verify import Verified

SAMPLE = str(Path(__file__).parents[3] / "examples" / "sales.csv")
GOOD = Outcome("USD", "America/New_York", 147, 147, 9, {"x2101": Sum(350, 2)})
OFF = Mismatch("ledger", Key("x2101", "2025-03-08", "USD"), Sum(350, 2), Sum(375, 2))


def ends(
    monkeypatch: pytest.MonkeyPatch, with_: Outcome | BaseException
) -> list[tuple[int, Path | None, bool]]:
    runs: list[tuple[int, Path | None, bool]] = []

    def run(file: SalesFile, data: Path | None, verified: bool) -> Outcome:
        runs.append((len(file.sales), data, verified))
        if isinstance(with_, Outcome):
            return with_
        raise with_

    monkeypatch.setattr(command, "_run", run)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    return runs


def test_a_good_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    runs = ends(monkeypatch, GOOD)
    assert vendctl(["replay", SAMPLE, "--json", "--data", "here"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1]) == GOOD.figures()
    assert (err, runs) == ("", [(147, Path("here"), False)])


def test_the_sample_is_replayed_where_no_file_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ends(monkeypatch, GOOD)
    monkeypatch.chdir(Path(SAMPLE).parents[1])
    assert vendctl(["replay"]) == 0
    assert runs == [(147, None, False)]
    assert "x2101" in capsys.readouterr().out


def test_a_sum_that_is_off_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends(monkeypatch, replace(GOOD, mismatches=[OFF]))
    assert vendctl(["replay", SAMPLE, "--json"]) == 1
    out, err = capsys.readouterr()
    assert err == (
        "replay: x2101 2025-03-08: the file has 350 minor units USD and 2 units, the ledger has 375 and 2\n"
    )
    assert json.loads(out)["mismatches"] == [OFF.fields()]


def test_an_archive_that_rebuilds_something_else_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report, found = Report(events=147), Comparison(machines=1)
    verified = Verified(report, found)
    runs = ends(monkeypatch, replace(GOOD, verified=verified))
    assert vendctl(["replay", SAMPLE, "--json", "--verify"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["archive"]["complete"], told["rebuild"]["equal"]) == (True, True)
    assert runs == [(147, None, True)]
    report.findings.append(Finding("missing-events", "1/0", "no raw blob holds 7", [[7, 7]]))
    found.differ("x2101 stock slots", 1, 2)
    assert vendctl(["replay", SAMPLE, "--verify"]) == 1
    out, err = capsys.readouterr()
    assert "archive NOT COMPLETE: 147 events; rebuilt from it DIFFERENT" in out
    assert err.splitlines() == [
        "replay: archive: missing-events 1/0: no raw blob holds 7",
        "replay: 1 differences after a rebuild from the archive",
        "replay: rebuild: x2101 stock slots: live 1, rebuilt 2",
    ]


def test_all_faults_of_a_file_are_in_a_file_where_not_all_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ends(monkeypatch, GOOD)
    monkeypatch.chdir(tmp_path)
    header, *rows = Path(SAMPLE).read_text(encoding="utf-8").splitlines()
    Path("bad.csv").write_text("\n".join([header, *(row.replace(",Cash", ",Barter") for row in rows)]))
    assert vendctl(["replay", "bad.csv"]) == 2
    told = capsys.readouterr().err.splitlines()
    listed = Path(".data/replay-faults/bad.txt")
    assert told[-1] == f"all of them are in {listed}"
    lines = listed.read_text().splitlines()
    assert len(lines) == sum(row.endswith(",Cash") for row in rows)
    assert all(line.endswith("of cash, cashless, mobile, token, free, test it is") for line in lines)
    Path("few.csv").write_text("\n".join([header, *rows[:3], rows[3].replace("Cash", "Barter")]))
    assert vendctl(["replay", "few.csv"]) == 2
    assert "all of them" not in capsys.readouterr().err
    assert not Path(".data/replay-faults/few.txt").exists()


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        (ReplayError("the folder is in use"), 2, "vendctl replay: the folder is in use\n"),
        (KeyboardInterrupt(), 130, "stopped; the data stay, and the next run goes on from them\n"),
    ],
)
def test_what_ends_a_run_early(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: BaseException,
    code: int,
    told: str,
) -> None:
    ends(monkeypatch, fault)
    assert vendctl(["replay", SAMPLE]) == code
    assert capsys.readouterr() == ("", told)
