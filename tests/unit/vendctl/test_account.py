"""What ``vendctl account`` says of its findings by exit code: lost, not yet, cannot look."""

import json
from typing import Any

import pytest

from vendctl import account
from vendctl.__main__ import main as vendctl
from vendctl.account import Verdict
from vendctl.operations.account import Account

LOST = Account(archived=9, distinct=9, applied=8, lost=1, lost_events=["1/0@8"])


@pytest.mark.parametrize(
    ("found", "behind", "arriving", "code", "says"),
    [
        (Account(archived=9, distinct=9, applied=9), {"ingest": 0}, False, 0, "applied"),
        (Account(), {"ingest": 3}, True, 0, "archived"),
        (LOST, {"ingest": 0, "archive": 0}, False, 1, "1 events are lost"),
        (LOST, {"ingest": 2, "archive": 0}, False, 3, "while ingest is 2 behind"),
        (LOST, {"ingest": 0, "archive": 0}, True, 3, "while events still arrive"),
        (Account(doubled=1), {"ingest": 5}, True, 1, "two lines"),
    ],
)
def test_lost_and_not_yet_are_told_apart(
    found: Account, behind: dict[str, int], arriving: bool, code: int, says: str
) -> None:
    verdict = Verdict(found, behind, arriving)
    assert verdict.code == code
    assert says in verdict.explain()


@pytest.mark.parametrize(
    ("numbers", "late", "code"),
    [
        ([{"0": 9}, {"0": 9}], [{"ingest": 0}, {"ingest": 0}], 1),
        ([{"0": 9}, {"0": 11}], [{"ingest": 0}, {"ingest": 0}], 3),
        ([{"0": 9}, {"0": 9}], [{"ingest": 4}, {"ingest": 0}], 3),  # it caught up after the stores were read
        ([{"0": 9}, {"0": 9}], [{"ingest": 0}, {"ingest": 4}], 3),
    ],
)
def test_it_looks_at_hub_and_functions_before_and_after(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], numbers: Any, late: Any, code: int
) -> None:
    async def next_numbers(_: object) -> Any:
        return numbers.pop(0)

    async def next_behind(_: object) -> Any:
        return late.pop(0)

    async def take(_: object) -> Account:
        return LOST

    monkeypatch.setattr(account, "last_numbers", next_numbers)
    monkeypatch.setattr(account, "behind", next_behind)
    monkeypatch.setattr(account, "take", take)
    assert vendctl(["account", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["lost"] == 1
