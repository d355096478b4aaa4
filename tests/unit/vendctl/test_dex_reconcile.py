"""``vendctl dex reconcile``: uploaded audits and files beside the ledger as it is now."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.events import hub_event
from tests.unit.uploads.test_place_audit import READ, device_vend, read, told_beside
from tests.unit.uploads.world import World
from vendctl.__main__ import main as vendctl
from vendctl.operations.reconcile_audits import beside, stored
from vending import wiring
from vending.events.event import parse
from vending.ingest.commit_stock import commit_stock
from vending.ingest.dead_letters import Refusals
from vending.settings import Settings

Asked = Callable[..., tuple[int, Any]]


@pytest.fixture
async def world() -> World:
    """A ledger with six of seven vends, and the two audits between which they were."""
    found = await told_beside()
    for number, vends in ((1, 10), (2, 17)):
        await found.process(await found.upload(read(number, vends)))
    return found


@pytest.fixture
def asked(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asked:
    async def close() -> None:
        """Nothing was opened."""

    monkeypatch.setenv("COSMOS", "AccountEndpoint=https://nowhere;")
    monkeypatch.setattr(wiring, "machines", lambda: world.machines)
    monkeypatch.setattr(wiring, "catalog", lambda: world.catalog)
    monkeypatch.setattr(wiring, "close", close)
    settings = Settings.__new__(Settings)
    object.__setattr__(settings, "default_time_zone", "Etc/UTC")
    monkeypatch.setattr(wiring, "settings", lambda: settings)

    def ask(*words: str) -> tuple[int, Any]:
        code = vendctl(["dex", "reconcile", *words, "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if code < 2 else err

    return ask


def test_the_newest_uploaded_span(asked: Asked) -> None:
    code, found = asked("m-1")
    assert code == 1
    assert found["paid"] == {"value": 700, "count": 7}
    assert found["reconciliation"]["vends"]["missed"] == 1
    assert found["reconciliation"]["selections"]["A1"]["variance"] == 100
    assert asked("m-1", "--audit", "2") == (code, found)


async def test_the_ledger_is_that_of_now(world: World) -> None:
    """An event of the span that came after the audit is counted here."""
    late = device_vend(8, READ + timedelta(minutes=70))
    await commit_stock("m-1", [parse(hub_event(8, json.dumps(late).encode()))], world.machines, Refusals())
    two = await stored("m-1", None, world.machines)
    found = await beside("m-1", two, world.machines)
    assert (found.reconciliation.vends.missed, found.reconciliation.vends.variance) == (0, 0)


def test_two_files_are_taken_by_the_sites_clock(asked: Asked, tmp_path: Path) -> None:
    files = []
    for number, vends in ((1, 10), (2, 17)):
        files.append(tmp_path / f"{number}.dex")
        files[-1].write_bytes(read(number, vends))
    before, after = map(str, files)
    code, found = asked("m-1", "--before", before, "--after", after)
    assert (code, found["reconciliation"]["vends"]["missed"]) == (1, 1)
    code, found = asked("m-1", "--before", after, "--after", before)
    assert (code, found["baseline"]["reason"]) == (1, "older")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("m-1", "--audit", "1"), "claims nothing: it is baseline"),
        (("m-1", "--audit", "9"), "no audit 9"),
        (("m-2",), "no two audits of m-2"),
        (("m-1", "--before", "x.dex"), "name both"),
    ],
)
def test_what_cannot_be_compared_is_told_in_a_line(asked: Asked, words: tuple[str, ...], said: str) -> None:
    code, told = asked(*words)
    assert code == 2
    assert said in told
    assert told.count("\n") == 1
