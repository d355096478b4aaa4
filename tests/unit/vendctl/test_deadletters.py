"""``vendctl deadletters``: what it prints and how it ends, on stores in memory."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.core import World, delivered, vend
from vendctl.__main__ import main as vendctl
from vending import wiring
from vending.errors import Transient


class Hub:
    """A hub that keeps the bodies, or is away."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.away = False

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        if self.away:
            raise Transient("Event Hubs did not take the event")
        self.sent.append(body)


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    world, hub = World(), Hub()
    await world.take(
        *delivered([b"{", vend(1, data={"quantity": 0}), vend(2), vend(2, price=1), vend(2, price=3)])
    )
    for name in ("DATA", "EVENTHUB"):
        monkeypatch.setenv(name, "somewhere")
    monkeypatch.setattr(wiring, "deadletters", lambda: world.deadletters)
    monkeypatch.setattr(wiring, "hub_sender", lambda: hub)
    return hub


def test_lists_by_reason_and_for_programs(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert vendctl(["deadletters", "list"]) == 0
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()[:-1]] == ["1/0@0", "1/0@1", "1/0@3", "1/0@4"]
    assert said.out.endswith("\n4 dead letters to settle\n")
    assert vendctl(["deadletters", "list", "--reason", "wrong-schema", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["place"], row["body"]) == ("1/0@1", vend(1, data={"quantity": 0}).decode())


def test_all_of_one_reason_are_sent_again_once(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert vendctl(["deadletters", "replay", "--reason", "conflict"]) == 0
    assert hub.sent == [vend(2, price=1), vend(2, price=3)]
    assert vendctl(["deadletters", "replay", "--reason", "conflict"]) == 0
    assert vendctl(["deadletters", "replay", "1/0@3"]) == 0
    assert "was replayed at" in capsys.readouterr().out
    assert len(hub.sent) == 2


def test_a_discarded_one_is_not_listed_and_tells_why(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert vendctl(["deadletters", "discard", "1/0@0", "--note", "a fuzzer"]) == 0
    assert vendctl(["deadletters", "list"]) == 0
    assert "1/0@0 " not in capsys.readouterr().out.partition("discarded")[2]
    assert vendctl(["deadletters", "show", "1/0@0"]) == 0
    became = json.loads(capsys.readouterr().out)["became"]
    assert (became["action"], became["note"]) == ("discarded", "a fuzzer")


def test_a_reason_that_no_letter_has_is_named_with_those_that_there_are(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vendctl(["deadletters", "replay", "--reason", "nonsense"]) == 2
    said = capsys.readouterr().err
    assert "no dead letter has the reason 'nonsense'; there are: conflict, not-json, wrong-schema" in said


def test_a_body_goes_to_a_file_and_comes_from_one(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    assert vendctl(["deadletters", "show", "1/0@1", "--body", str(file)]) == 0
    assert file.read_bytes() == vend(1, data={"quantity": 0})
    file.write_bytes(vend(1))
    assert vendctl(["deadletters", "replay", "1/0@1", "--body", str(file)]) == 0
    assert hub.sent == [vend(1)]


def test_faults_are_told_in_a_line(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert vendctl(["deadletters", "show", "1/0@2"]) == 2
    assert vendctl(["deadletters", "replay", "1/0@0"]) == 1
    assert vendctl(["deadletters", "replay", "1/0@1", "--body", "/nowhere/body"]) == 2
    hub.away = True
    assert vendctl(["deadletters", "replay", "1/0@3"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert "there is no dead letter 1/0@2" in lines[0]
    assert "would be refused again, not-json" in lines[1]
    assert "vendctl deadletters replay: Event Hubs did not take the event" in lines[-1]


@pytest.mark.parametrize(
    "words", [["replay"], ["replay", "1/0@3", "--reason", "x"], ["replay", "a", "b", "--body", "f"]]
)
def test_what_makes_no_sense_is_refused(hub: Hub, words: list[str]) -> None:
    assert vendctl(["deadletters", *words]) == 2
