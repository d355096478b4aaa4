"""``vendctl deadletters``: what it prints and how it ends, on stores in memory."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.events import World, delivered, hub_event, vend
from tests.support.fakes import FakeBlobs
from vendctl import sent_again
from vendctl.__main__ import main as vendctl
from vending import wiring
from vending.archive.append import archive
from vending.errors import Rejected, Transient
from vending.ingest.dead_letters import write_dead_letters

FIRST = 100
"""The hub's number of the first event that is sent again."""
OLD = Rejected("too-many-holes", "as a version before refused")


class Hub:
    """A hub that keeps the bodies, and hands them to ingest at once; or not yet, or is away."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sent: list[bytes] = []
        self.away = self.slow = False

    async def send(self, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        if self.away:
            raise Transient("Event Hubs did not take the event")
        self.sent.append(body)
        if not self.slow:
            number = FIRST + len(self.sent)
            await self.world.take(hub_event(number, body, properties=dict(properties)))


def main(*words: str) -> int:
    return vendctl(["deadletters", *words])


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    world = World()
    await world.take(
        *delivered([b"{", vend(1, data={"quantity": 0}), vend(2), vend(2, price=1), vend(2, price=3)])
    )
    old = [(hub_event(n, vend(n, ledger=2 * n)), OLD) for n in (10, 11)]
    await write_dead_letters(world.deadletters, old, "before")
    for name in ("DATA", "EVENTHUB", "COSMOS"):
        monkeypatch.setenv(name, "somewhere")
    for name in ("deadletters", "machines", "conditions"):
        monkeypatch.setattr(wiring, name, lambda name=name: getattr(world, name))
    hub = Hub(world)
    monkeypatch.setattr(wiring, "hub_sender", lambda: hub)
    monkeypatch.setattr(sent_again, "POLL", 0.0)
    return hub


def left(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """Place → state, as `list` tells."""
    capsys.readouterr()
    assert main("list", "--json", *words) == 0
    return {row["place"]: row["state"] for row in json.loads(capsys.readouterr().out)}


def test_lists_by_reason_and_for_programs(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("list") == 0
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()[:-1]] == [
        "1/0@0", "1/0@1", "1/0@3", "1/0@4", "1/0@10", "1/0@11"
    ]  # fmt: skip
    assert said.out.endswith("\n6 dead letters to settle\n")
    assert main("list", "--reason", "wrong-schema", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["place"], row["body"]) == ("1/0@1", vend(1, data={"quantity": 0}).decode())


def test_lists_those_about_a_machine_or_of_a_device(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(hub.world.take(hub_event(50, vend(1, machine="m-2", device="dev-2", data={"quantity": 0}))))
    for words in (["--machine", "m-2"], ["--device", "dev-2"], ["--machine", "m-2", "--device", "dev-2"]):
        assert left(capsys, *words).keys() == {"1/0@50"}
    assert left(capsys, "--machine", "m-2", "--device", "dev-1") == {}
    assert "1/0@50" not in left(capsys, "--device", "dev-1")


def test_all_of_one_reason_are_sent_again_and_done_when_they_are_counted(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("replay", "--reason", "too-many-holes") == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == ["1/0@10: applied", "1/0@11: applied", "2 applied, 0 refused, 0 not yet"]
    assert hub.sent == [vend(10, ledger=20), vend(11, ledger=22)]
    assert hub.world.stock()["totals"]["vends"] == 3
    assert main("replay", "--reason", "too-many-holes") == 0
    assert capsys.readouterr().out == "all of too-many-holes are settled already\n"
    assert main("replay", "1/0@10") == 0
    assert "1/0@10: was applied before; nothing done" in capsys.readouterr().out
    assert len(hub.sent) == 2
    assert left(capsys).keys() == {"1/0@0", "1/0@1", "1/0@3", "1/0@4"}
    assert left(capsys, "--settled")["1/0@10"] == "applied"


def test_what_would_be_refused_again_is_not_sent(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """A second content, and a sale of a hole that was given up: no replay of them could ever count."""
    assert main("replay", "--reason", "conflict") == 1
    said = capsys.readouterr()
    assert "1/0@3: would be refused again, conflict: dev-1 reported" in said.out
    assert said.out.endswith("\n0 applied, 2 refused, 0 not yet\n")
    skipping = [vend(20 + n, ledger=100 + 2 * n) for n in range(1_000)]
    asyncio.run(hub.world.take(*delivered([*skipping, vend(2_000, ledger=1)], first=2_000)))
    assert main("replay", "--reason", "hole-closed") == 1
    assert capsys.readouterr().out.splitlines()[-2].endswith("; discard it")
    assert hub.sent == []


def test_one_that_is_refused_again_is_named_and_the_new_one_can_be_sent_again(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another event of the number comes before it. Before, "sent again" was the end of it."""
    file = tmp_path / "body.json"
    file.write_bytes(vend(5, ledger=5, price=5))
    send = Hub.send

    async def late(self: Hub, body: bytes, key: str, properties: Mapping[str, Any]) -> None:
        await self.world.take(hub_event(90, vend(5, ledger=5)))
        await send(self, body, key, properties)

    monkeypatch.setattr(Hub, "send", late)
    assert main("replay", "1/0@1", "--body", str(file)) == 1
    assert "1/0@1: refused again as 1/0@101, conflict: dev-1 reported" in capsys.readouterr().out
    assert left(capsys)["1/0@101"] == "open"
    assert left(capsys, "--settled")["1/0@1"] == "refused"
    file.write_bytes(vend(6, ledger=6))
    assert main("replay", "1/0@1", "--body", str(file)) == 0
    assert left(capsys, "--settled")["1/0@1"] == "applied"


def test_what_is_on_its_way_is_not_done(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.slow = True
    assert main("replay", "--reason", "too-many-holes", "--wait", "0") == 3
    said = capsys.readouterr()
    assert "1/0@10: sent, and neither applied nor refused yet" in said.out
    assert said.out.endswith("\n0 applied, 0 refused, 2 not yet\n")
    assert left(capsys)["1/0@10"] == "sent"
    # Of a reason they are waited for, and not sent once more; by name they are.
    assert main("replay", "--reason", "too-many-holes", "--wait", "0") == 3
    assert len(hub.sent) == 2
    hub.slow = False
    assert main("replay", "1/0@10") == 0
    assert len(hub.sent) == 3
    asyncio.run(hub.world.take(hub_event(200, vend(11, ledger=22))))
    assert "1/0@11" not in left(capsys)
    assert main("replay", "--reason", "too-many-holes") == 0
    assert len(hub.sent) == 3


def test_a_discarded_one_is_not_listed_and_tells_why(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("discard", "1/0@0", "--note", "a fuzzer") == 0
    assert main("list") == 0
    assert "1/0@0 " not in capsys.readouterr().out.partition("discarded")[2]
    assert main("show", "1/0@0") == 0
    told = json.loads(capsys.readouterr().out)
    (became,) = told["became"]
    assert (told["state"], became["action"], became["note"]) == ("discarded", "discarded", "a fuzzer")
    assert main("discard", "1/0@0") == 0
    assert "was discarded before; nothing done" in capsys.readouterr().out


def test_a_reason_that_no_letter_has_is_named_with_those_that_there_are(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("replay", "--reason", "nonsense") == 2
    assert capsys.readouterr().err == (
        "vendctl deadletters replay: no dead letter has the reason 'nonsense'; "
        "there are: conflict, not-json, too-many-holes, wrong-schema\n"
    )


def test_only_those_about_a_machine_or_of_a_device_are_sent_again(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("replay", "--reason", "too-many-holes", "--machine", "m-2") == 0
    assert capsys.readouterr().out == "all of too-many-holes about m-2 are settled already\n"
    assert main("replay", "1/0@10", "--device", "dev-2") == 2
    assert "no dead letter that was named is one of dev-2" in capsys.readouterr().err
    assert hub.sent == []
    assert main("replay", "--reason", "too-many-holes", "--device", "dev-1") == 0
    assert len(hub.sent) == 2


def test_programs_are_told_what_became_of_each(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("replay", "1/0@0", "1/0@10", "--json") == 1
    said = capsys.readouterr()
    refused, applied = json.loads(said.out)
    assert (refused["place"], refused["outcome"]) == ("1/0@0", "refused")
    assert refused["detail"].startswith("would be refused again, not-json")
    assert applied == {"place": "1/0@10", "outcome": "applied", "detail": ""}
    assert said.err.splitlines()[1:] == ["1/0@10: applied", "1 applied, 1 refused, 0 not yet"]
    hub.slow = True
    assert main("replay", "1/0@11", "1/0@10", "--wait", "0", "--json") == 3
    assert {one["place"]: one["outcome"] for one in json.loads(capsys.readouterr().out)} == {
        "1/0@10": "nothing", "1/0@11": "not yet",
    }  # fmt: skip
    assert main("discard", "1/0@0", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [{"place": "1/0@0", "outcome": "discarded", "detail": ""}]


def test_a_body_goes_to_a_file_and_comes_from_one(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    assert main("show", "1/0@1", "--body", str(file)) == 0
    assert file.read_bytes() == vend(1, data={"quantity": 0})
    file.write_bytes(vend(1))
    assert main("replay", "1/0@1", "--body", str(file)) == 0
    assert hub.sent == [vend(1)]


def test_faults_are_told_in_a_line(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("show", "1/0@2") == 2
    assert main("replay", "1/0@0") == 1
    assert main("replay", "1/0@1", "--body", "/nowhere/body") == 2
    hub.away = True
    assert main("replay", "1/0@10") == 2
    said = capsys.readouterr()
    assert "would be refused again, not-json" in said.out
    lines = said.err.splitlines()
    assert "there is no dead letter 1/0@2" in lines[0]
    assert "vendctl deadletters replay: Event Hubs did not take the event" in lines[-1]


@pytest.mark.parametrize(
    "words", [["replay"], ["replay", "1/0@3", "--reason", "x"], ["replay", "a", "b", "--body", "f"]]
)
def test_what_makes_no_sense_is_refused(hub: Hub, words: list[str]) -> None:
    assert main(*words) == 2


LARGE = b"\0" * 300 + b"{" * 70_000


@pytest.fixture
async def kinds(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A letter of each form: text, other bytes, oversize; the archive holds all three."""
    world, archived, batch = World(), FakeBlobs(), delivered([b"{", b"\xff\0", LARGE])
    hub = Hub(world)
    await world.take(*batch)
    await archive(batch, archived)
    for name in ("DATA", "EVENTHUB", "COSMOS"):
        monkeypatch.setenv(name, "somewhere")
    for name in ("deadletters", "machines", "conditions"):
        monkeypatch.setattr(wiring, name, lambda name=name: getattr(world, name))
    monkeypatch.setattr(sent_again, "POLL", 0.0)
    monkeypatch.setattr(wiring, "archive_blobs", lambda: archived)
    monkeypatch.setattr(wiring, "hub_sender", lambda: hub)
    return hub


def test_each_form_is_shown_as_what_it_is(kinds: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("list", "--json") == 0
    text, other, large = json.loads(capsys.readouterr().out)
    assert (text["body"], other["body64"]) == ("{", "/wA=")
    assert (large["oversize"]["bytes"], len(large["head64"])) == (70_300, 5464)
    assert not {"body", "body64"} & large.keys()


def test_an_oversize_body_is_fetched_from_the_archive_and_corrected(
    kinds: Hub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "body"
    assert main("show", "1/0@2", "--body", str(file)) == 0
    assert file.read_bytes() == LARGE
    assert main("replay", "1/0@2") == 1
    said = capsys.readouterr().out
    assert "oversize: 70300 bytes, of which the archive holds all; `show --body FILE` fetches it" in said
    file.write_bytes(vend(7))
    assert main("replay", "1/0@2", "--body", str(file)) == 0
    assert kinds.sent == [vend(7)]
