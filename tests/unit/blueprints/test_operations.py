"""What operators look at, over HTTP."""

import json
from typing import Any

import pytest

from blueprints import operations
from tests.unit.blueprints.test_api import get, problem
from tests.unit.views.test_dead_letters import ALL
from tests.unit.views.test_dead_letters import World as Letters
from tests.unit.views.test_dead_letters import world as letters
from tests.unit.views.test_lag import World as Hub
from tests.unit.views.test_lag import world as hub
from vending import wiring
from vending.settings import Settings
from vending.views.one_dead_letter import LetterReads

__all__ = ["hub", "letters"]


@pytest.fixture(autouse=True)
def wired(letters: Letters, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = LetterReads(letters.deadletters, letters.machines, letters.conditions)
    monkeypatch.setattr(wiring, "settings", lambda: Settings("telemetry", "vendstream"))
    monkeypatch.setattr(wiring, "deadletters", lambda: letters.deadletters)
    monkeypatch.setattr(wiring, "letter_reads", lambda: stores)
    monkeypatch.setattr(wiring, "account_stores", hub.stores)
    monkeypatch.setattr(wiring, "hub_stores", lambda: hub.stores().hub)
    monkeypatch.setattr(wiring, "archive_stores", lambda: hub.stores().archive)


def body(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.get_body())
    return found


async def test_dead_letters_page_by_page() -> None:
    found: list[str] = []
    asked = {"limit": "3"}
    while True:
        answer = await get(operations.get_dead_letters, asked)
        told = body(answer)
        found += [row["letterId"] for row in told["deadLetters"]]
        if told["next"] is None:
            break
        assert answer.headers["Link"] == f'<?limit=3&after={told["next"]}>; rel="next"'
        asked["after"] = told["next"]
    assert list(dict.fromkeys(found)) == ALL


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"limit": "101"}, "$.limit"),
        ({"partition": "../9"}, "$.partition"),
        ({"generation": "1/0"}, "$.generation"),
        ({"generation": "1,\x18"}, "$.generation"),
        ({"after": "WzFd"}, "take the 'next' of the page before"),
        ({"state": "open"}, "generation, partition, reason, machine, device, limit, after"),
    ],
)
async def test_a_faulty_question_says_what_is_wrong(asked: dict[str, str], says: str) -> None:
    answer = await get(operations.get_dead_letters, asked)
    assert answer.status_code == 400
    assert says in problem(answer)["detail"]


async def test_another_life_of_the_hub_has_its_own() -> None:
    assert body(await get(operations.get_dead_letters, {"generation": "0"}))["deadLetters"] == []


async def test_one_dead_letter_or_404() -> None:
    assert body(await get(operations.get_dead_letter, route={"letterId": "1~0~12"}))["number"] == 12
    answer = await get(operations.get_dead_letter, route={"letterId": "1~0~13"})
    assert answer.status_code == 404
    assert "'1~0~13'" in problem(answer)["detail"]


async def test_how_far_everything_is() -> None:
    assert body(await get(operations.get_account))["accepted"] == 152
    assert [x["behind"] for x in body(await get(operations.get_lag))["functions"]] == [61, 30]
    assert body(await get(operations.get_archive_gaps))["missing"] == 0


@pytest.mark.parametrize(
    "function", [operations.get_account, operations.get_lag, operations.get_archive_gaps]
)
async def test_what_takes_no_parameters_refuses_them(function: Any) -> None:
    assert (await get(function, {"limit": "1"})).status_code == 400


@pytest.mark.parametrize(
    ("function", "rows"),
    [(operations.get_dead_letters, 8), (operations.get_lag, 4), (operations.get_archive_gaps, 0)],
)
async def test_lists_come_as_csv(function: Any, rows: int) -> None:
    answer = await get(function, headers={"accept": "text/csv"})
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert len(answer.get_body().decode().splitlines()) == rows + 1
