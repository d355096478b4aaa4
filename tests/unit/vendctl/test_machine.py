"""``vendctl machine``: what it says and how it ends, on stores in memory."""

import asyncio
import json
from datetime import datetime
from typing import Any

import pytest

from tests.support.events import delivered, temperature, vend
from tests.support.operated_world import World, names
from vendctl.__main__ import main
from vendctl.letters import about
from vendctl.machines import acts, places
from vendctl.operations.exclude import NotYet
from vending import wiring

ONE: dict[str, Any] = {"machine": "m1", "device": "dev-1"}
THIEF: dict[str, Any] = {"machine": "m1", "device": "thief"}


class Live(World):
    """A deployment that the commands find by the wiring."""

    def run(self, *words: str) -> int:
        return main(["machine", *words])


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Live:
    world = Live()
    for name, store in {
        "machines": world.machines, "conditions": world.conditions, "alerts": world.alerts,
        "fleet": world.fleet_days, "catalog": world.catalog, "deadletters": world.deadletters,
        "archive_blobs": world.archived,
    }.items():  # fmt: skip
        monkeypatch.setattr(wiring, name, lambda store=store: store)
    monkeypatch.setattr(wiring, "ingest_stores", lambda: world.stores)
    for name in ("COSMOS", "DATA", "EVENTHUB", "AzureWebJobsStorage"):
        monkeypatch.setenv(name, "somewhere")
    monkeypatch.setenv("TELEMETRY_HUB", "telemetry")
    monkeypatch.setenv("COSMOS_DATABASE", "vendstream")
    monkeypatch.setenv("USER", "ada")

    async def now() -> datetime:
        return world.now

    async def past(environment: object, seconds: float) -> None:
        """Ingest and archive take what they get."""

    async def sleep(seconds: float) -> None:
        world.number += int(seconds) + 1

    monkeypatch.setattr(acts, "service_time", now)
    monkeypatch.setattr(acts, "past", past)
    monkeypatch.setattr("asyncio.sleep", sleep)
    return world


def arrive(world: World, *bodies: bytes) -> None:
    asyncio.run(_arrive(world, bodies))


async def _arrive(world: World, bodies: tuple[bytes, ...]) -> None:
    await world.arrive(*bodies)


def test_quarantine_forget_release_and_replay(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    arrive(live, vend(1, **ONE), vend(1, price=1_000_000_000, **THIEF), temperature(1, 3.0, epoch=9, **THIEF))
    assert live.run("quarantine", "m1", "--reason", "a stolen token") == 0
    assert "m1 is in quarantine from 2026-" in capsys.readouterr().out
    live.wait()
    arrive(live, vend(2, **ONE), vend(2, **THIEF))
    assert live.run("forget", "m1", "--device", "thief", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "m1 --device thief: 2 events before 2026-" in said
    assert "would be forgotten" in said
    assert "revenue -1,000,000,000 EUR (minor units)" in said
    assert live.stock()["totals"]["vends"] == 2
    assert live.run("forget", "m1", "--device", "thief", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["events"], figures["mended"]["away"], figures["dryRun"]) == (2, 1, False)
    assert live.stock()["totals"]["vends"] == 1
    assert live.run("release", "m1") == 0
    said = capsys.readouterr().out
    assert "2 events wait as dead letters" in said
    assert "vendctl deadletters replay --reason quarantined --machine m1" in said
    words = ["--reason", "quarantined", "--machine", "m1", "--device", "dev-1"]
    assert main(["deadletters", "list", *words]) == 0
    line, count = capsys.readouterr().out.splitlines()
    assert count == "1 dead letters to settle"
    assert "quarantined: m1 is in quarantine since" in line
    assert line.endswith("a stolen token")
    assert live.run("list") == 0
    assert capsys.readouterr().out == "no machine is in quarantine\n"
    assert live.run("list", "--all", "--json") == 0
    assert [x["by"] for x in json.loads(capsys.readouterr().out)] == ["ada", "ada"]
    assert live.run("list", "--all") == 0
    assert [x.split()[0] for x in capsys.readouterr().out.splitlines()] == ["quarantine", "forget"]


def test_what_comes_first_is_said_in_one_line(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    arrive(live, vend(1, **ONE))
    assert live.run("forget", "m1", "--device", "thief") == 3
    first = "m1 is not in quarantine: `vendctl machine quarantine m1` comes first"
    assert capsys.readouterr() == ("", f"vendctl machine forget: {first}\n")
    assert live.run("forget", "m1", "--json") == 3
    assert json.loads(capsys.readouterr().out) == {"error": f"vendctl machine forget: {first}", "exitCode": 3}
    assert live.run("release", "m1") == 3
    assert capsys.readouterr().err == "vendctl machine release: m1 is not in quarantine\n"
    assert live.run("quarantine", "m1") == 0
    capsys.readouterr()
    assert live.run("forget", "m1", "--wait", "3") == 3
    assert "begins at 2026-" in capsys.readouterr().err
    assert live.run("forget", "m1", "--wait", "60") == 0  # it waits for the quarantine to begin
    assert "nothing is left of m1" in capsys.readouterr().out


def test_a_machine_that_nobody_knows_is_said_to_be_so(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    assert live.run("quarantine", "tpyo") == 0
    assert "no event of tpyo has come yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["forget"], "name a machine, or say --unassigned"),
        (["forget", "m1", "--unassigned"], "name a machine, or say --unassigned"),
        (["forget", "--unassigned"], "needs --before TIME"),
        (["forget", "--unassigned", "--before", "2026-11-01", "--device", "d"], "takes no --device"),
        (["forget", "m1", "--device", "d:1"], "'d:1' is no name of a machine or device"),
        (["quarantine", "m:1"], "'m:1' is no name of a machine or device"),
        (
            ["quarantine", "m1", "--epoch-from", "-1"],
            "'--epoch-from': Input should be greater than or equal to 0",
        ),
        (["forget", "--unassigned", "--before", "soon"], "'soon' is no time like"),
    ],
)
def test_arguments_that_make_no_sense(
    live: Live, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert live.run(*words) == 2
    assert said in capsys.readouterr().err


def test_invented_machines_go_at_once(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    arrive(live, *[temperature(1, machine=name) for name in names("fake", 30)], vend(1, machine="sold"))
    assert live.run("forget", "--unassigned", "--before", "2027-01-01") == 3
    assert "the catalog has no machines" in capsys.readouterr().err
    asyncio.run(live.places("m1"))
    assert live.run("forget", "--json", "--unassigned", "--before", "2027-01-01", "--dry-run") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["machines"], figures["spared"]) == (30, 1)
    assert live.run("forget", "--unassigned", "--before", "2027-01-01") == 0
    said = capsys.readouterr()
    assert said.out == "30 machines are forgotten\n"
    assert "machines forgotten: 30 of 30\n" in said.err
    assert live.known() == {"sold"}


async def test_it_waits_until_both_functions_are_past_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    done = {"ingest": {"0": 7, "1": -1}, "archive": {"0": 3}}

    async def ends(environment: object) -> dict[str, int]:
        return {"0": 7, "1": -1}

    async def checkpoints(environment: object) -> dict[str, dict[str, int]]:
        return done

    async def sleep(seconds: float) -> None:
        done["archive"]["0"] += 2

    monkeypatch.setattr(places, "last_numbers", ends)
    monkeypatch.setattr(places, "checkpoints", checkpoints)
    monkeypatch.setattr("asyncio.sleep", sleep)
    with pytest.raises(NotYet, match="archive is 4 events behind"):
        await places.past({}, -1)
    await places.past({}, 60)
    assert done["archive"]["0"] == 7


def test_letters_of_a_machine_are_found_where_their_body_is_wrong() -> None:
    event, broken = delivered([vend(1, data={"quantity": 0}, **ONE), b"\xff"])
    assert about(event, "m1", None)
    assert about(event, "m1", "dev-1")
    assert not about(event, "m1", "dev-2")
    assert not about(broken, "m1", None)
    assert about(broken, None, None)


def test_the_commands_that_are_named_are_ones_that_can_be_given(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    assert live.run("quarantine", "m1", "--device", "thief", "--epoch-from", "7") == 0
    assert "vendctl machine release m1 --device thief\n" in capsys.readouterr().out
    assert live.run("release", "m1", "--device", "thief") == 0
    assert "No dead letters wait" in capsys.readouterr().out
