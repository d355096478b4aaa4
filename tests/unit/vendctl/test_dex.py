"""``vendctl dex``: the documented commands on the documented files, mistakes in a line, nobody's markup."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from tests.support.audits import EXAMPLES, MONDAY, Meters, framed
from tests.support.metadata import ROOT
from vendctl.__main__ import main as vendctl
from vending.uploads.dex.audit import Kind
from vending.uploads.dex.delta import Break
from vending.uploads.dex.readers import OFTEN, ONCE

PAGE = (ROOT / "docs" / "dex.md").read_text()
CODES = {
    "show tuesday.dex": 0,
    "diff monday.dex tuesday.dex": 0,
    "diff monday.dex tuesday.dex --ledger ledger.json": 1,
}
MONDAY_FILE, TUESDAY_FILE = (str(EXAMPLES / name) for name in ("monday.dex", "tuesday.dex"))


def test_every_command_of_the_page_does_what_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(EXAMPLES)
    shown = re.findall(r"^vendctl dex (.*)$", PAGE, re.MULTILINE)
    assert shown == list(CODES)
    for words in shown:
        assert vendctl(["dex", *words.split()]) == CODES[words], words
        told, err = capsys.readouterr()
        assert told
        assert err == ""
    tables = re.findall(r"```\n( +vends.*?)```", PAGE, re.DOTALL)
    assert [table in told for table in tables] == [True]


def test_the_page_names_every_segment_tolerance_and_baseline() -> None:
    for word in (*get_args(Kind), *get_args(Break)):
        assert f"`{word}`" in PAGE, word
    read = PAGE.partition("## What is read")[2].partition("## What is tolerated")[0]
    assert {name for name in (*ONCE, *OFTEN) if not re.search(rf"\b{name}\b", read)} == set()
    assert (
        json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0]).keys()
        == json.loads((EXAMPLES / "ledger.json").read_text()).keys()
    )


def test_show_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert vendctl(["dex", "show", MONDAY_FILE, "--json"]) == 0
    [audit] = json.loads(capsys.readouterr().out)["audits"]
    assert audit["machine"]["serial"] == "VST20260017"
    assert audit["vends"]["paid"]["cumulative"] == {"value": 84100, "count": 700}
    assert [one["difference"] for one in audit["identities"]] == [0, 0, 0, 0]


def test_diff_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = ["--ledger", str(EXAMPLES / "ledger.json")]
    assert vendctl(["dex", "diff", MONDAY_FILE, TUESDAY_FILE, *ledger, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["paid"] == {"value": 2680, "count": 23}
    assert found["reconciliation"]["selections"]["B1"]["missed"] == 1
    assert found["reconciliation"]["uncounted"] == -400


def test_a_wrong_checksum_is_shown_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.dex"
    file.write_bytes(MONDAY.replace(b"CRISPS", b"CHIPS") + MONDAY)
    assert vendctl(["dex", "show", str(file)]) == 1
    out, err = capsys.readouterr()
    assert "checksum WRONG" in out
    assert "wrong-checksum" in out
    assert out.count("VST20260017 (SNACK 40)") == 2
    assert err == f"{file}: G85 is wrong\n"
    assert vendctl(["dex", "diff", str(file), TUESDAY_FILE]) == 2
    assert "holds 2 audits" in capsys.readouterr().err


def test_audits_that_cannot_be_compared_say_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert vendctl(["dex", "diff", TUESDAY_FILE, MONDAY_FILE]) == 1
    out = capsys.readouterr().out
    assert "no interval: older, read number 42 before, 41 now" in out
    assert "checksums" not in out


def test_what_an_audit_says_is_no_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "odd.dex"
    file.write_bytes(
        framed(["VA1*-*3", "PA1*A1*100*[red]X[/red] :bomb:", "PA2*1*-5\x1b[31m", "PA1*B2*10", "PA2*2*20"])
    )
    assert vendctl(["dex", "show", str(file)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "VST0000123, at no known time by its own clock" in out
    assert "money in no named currency, 2 decimals" in out
    assert "unreadable" in out


def test_amounts_by_the_audits_own_decimals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = tmp_path / "1", tmp_path / "2"
    before.write_bytes(Meters(1, paid=(1000, 2)).written().replace(b"ID4*2*", b"ID4*0*"))
    after.write_bytes(Meters(2, paid=(12000, 5)).written().replace(b"ID4*2*", b"ID4*0*"))
    assert vendctl(["dex", "diff", str(before), str(after)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^paid +3 +11,000$", out, re.MULTILINE)
    assert "the checksums are not both right" in out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["show", "nowhere.dex"], "nowhere.dex"),
        (["show", "."], "directory"),
        (["show", str(ROOT / "LICENSE")], "is no EVA-DTS audit"),
        (["diff", MONDAY_FILE], "Missing argument"),
        (["diff", MONDAY_FILE, TUESDAY_FILE, "--ledger", MONDAY_FILE], "monday.dex: JSON"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vendctl(["dex", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err
    assert err.count("\n") == 1
