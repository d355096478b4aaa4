"""Dead letters of the running system: listed, shown, corrected, sent again, applied."""

import asyncio
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.backends import RUN
from tests.support.devices import Device, send
from tests.support.events import hub_event
from tests.support.waiting import finished, until
from vendctl import account
from vendctl.__main__ import main as vendctl
from vendctl.commands.program import wired
from vendctl.local.system import System
from vending import wiring
from vending.errors import Rejected
from vending.events.hub_event import HubEvent
from vending.ingest.dead_letters import write_dead_letters
from vending.ingest.review_dead_letters import find, replay

pytestmark = pytest.mark.usefixtures("environment")

MACHINE = f"letter{RUN}"
NAME = f"dev-{MACHINE}"
SKIPPER, AGAIN = f"skipper{RUN}", f"twice{RUN}"


def main(*words: str) -> int:
    return vendctl(["deadletters", *words])


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """What `list` tells."""
    capsys.readouterr()
    assert main("list", "--json", *words) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """Place → body of the dead letters of this test's machines."""
    found = rows(capsys, *words)
    bodies = {row["place"]: row.get("body", "") for row in found}
    return {place: body for place, body in bodies.items() if NAME in body or SKIPPER in body}


def test_a_refused_event_is_corrected_and_applied(
    running: System, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    device = Device(MACHINE)
    bad, good = device.vend(quantity=0), device.vend()
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, [bad, good, b"[" + NAME.encode()])])
    finished(running.environment)
    found = listed(capsys)
    assert sorted(found.values()) == [f"[{NAME}", bad.decode()]
    broken, wrong = sorted(found, key=lambda place: found[place] != f"[{NAME}")
    file = tmp_path / "body.json"
    assert main("show", wrong, "--body", str(file)) == 0
    assert json.loads(capsys.readouterr().out)["reason"] == "wrong-schema"
    assert main("replay", wrong) == 1
    assert "would be refused again, wrong-schema" in capsys.readouterr().out
    file.write_bytes(file.read_bytes().replace(b'"quantity":0', b'"quantity":1'))
    assert main("replay", wrong, "--body", str(file)) == 0
    assert f"{wrong}: applied" in capsys.readouterr().out
    assert stock()["applied"] == {f"{NAME}/1": [[1, 2]]}
    assert main("replay", wrong, "--body", str(file)) == 0
    assert "was applied before; nothing done" in capsys.readouterr().out
    assert main("discard", broken, "--note", "a fuzzer") == 0
    capsys.readouterr()
    assert listed(capsys) == {}
    assert listed(capsys, "--settled").keys() == found.keys()


def test_a_device_that_skipped_a_thousand_numbers_is_mended_and_its_letters_count(
    running: System, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a version before refused counts when it is replayed; what was given up is refused, and told."""
    name, hub = f"dev-{SKIPPER}", running.stack.eventhubs_connection
    device = Device(SKIPPER)
    skipped, late = [], b""
    for number in range(1_002):
        late = late or device.vend()  # number 1 comes when it is too late
        device.ledger += number > 0
        skipped.append(device.vend())
    mended = [device.vend() for _ in range(20)]
    send(hub, "telemetry", [(name, skipped[n : n + 200]) for n in range(0, len(skipped), 200)])
    send(hub, "telemetry", [(name, mended[:10])])
    finished(running.environment)
    assert (stock(SKIPPER)["totals"]["vends"], stock(SKIPPER)["closed"]["holes"]) == (1_012, 2)
    places = [f"before{RUN}/0@{number}" for number in range(10)]
    asyncio.run(refused_before(zip(places, mended[10:], strict=True)))
    assert main("replay", *places) == 0
    assert "10 applied, 0 refused, 0 not yet" in capsys.readouterr().out
    assert stock(SKIPPER)["totals"]["vends"] == 1_022
    send(hub, "telemetry", [(name, [late])])
    finished(running.environment)
    (gone,) = (place for place, body in listed(capsys).items() if body == late.decode())
    assert main("show", gone) == 0
    assert json.loads(capsys.readouterr().out)["reason"] == "hole-closed"
    assert main("replay", gone) == 1
    assert "would be refused again, hole-closed" in capsys.readouterr().out
    until(lambda: "lost-sales" in alerts(SKIPPER), "the alert on what was given up")
    boards = [Device(SKIPPER, epoch=epoch).vend() for epoch in range(2, 12)]
    send(hub, "telemetry", [(name, boards), (name, [mended[0], device.vend()])])
    finished(running.environment)
    assert (stock(SKIPPER)["totals"]["vends"], stock(SKIPPER)["closed"]["epochs"]) == (1_032, 1)
    (retired,) = (row["place"] for row in rows(capsys) if row["reason"] == "epoch-retired")
    found = wired(account.take(os.environ))
    assert (found.lost, found.doubled) == (0, 0), found.lost_events
    assert main("discard", gone, retired, *places) == 0


def test_one_that_is_refused_again_is_known_by_its_properties(
    running: System, capsys: pytest.CaptureFixture[str]
) -> None:
    """They travel with the event: through Event Hubs, the trigger, and into the new dead letter."""
    device, place = Device(AGAIN), f"again{RUN}/0@1"
    first, other = device.vend(), device.vend(price=1).replace(b"000002", b"000001")
    other = other.replace(b'"sequence":2', b'"sequence":1').replace(
        b'"ledgersequence":2', b'"ledgersequence":1'
    )
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, [first])])
    finished(running.environment)
    asyncio.run(refused_before([(place, other)]))
    assert main("replay", place) == 1  # what would be refused again is not sent
    assert f"{place}: would be refused again, conflict" in capsys.readouterr().out
    asyncio.run(sent_blindly(place, other))
    finished(running.environment)
    letters = {row["place"]: row for row in rows(capsys, "--settled") if AGAIN in row.get("body", "")}
    (new,) = letters.keys() - {place}
    assert (letters[place]["state"], letters[place]["refusedAs"]) == ("refused", [new])
    assert (letters[new]["state"], letters[new]["reason"]) == ("open", "conflict")
    assert main("discard", place, new) == 0


async def sent_blindly(place: str, body: bytes) -> None:
    """A replay as if nobody had judged it before."""
    try:
        letter = await find(wiring.deadletters(), place)
        assert await replay(wiring.deadletters(), wiring.hub_sender(), letter, datetime.now(UTC), body)
    finally:
        await wiring.close()


async def refused_before(letters: Iterable[tuple[str, bytes]]) -> None:
    """Dead letters as a version before wrote them, whose bound refused what would open a hole."""
    fault = Rejected("too-many-holes", "1000 open holes in the machine's ledger numbers")
    refusals = [(placed(place, body), fault) for place, body in letters]
    try:
        await write_dead_letters(wiring.deadletters(), refusals, "before")
    finally:
        await wiring.close()


def placed(place: str, body: bytes) -> HubEvent:
    """An event of an earlier life of the hub."""
    home, number = place.split("@")
    generation, partition = home.split("/")
    about = {"generation": generation, "enqueued": datetime.now(UTC)}
    return hub_event(int(number), body, partition=partition, **about)


def stock(machine: str = MACHINE) -> dict[str, Any]:
    """The machine's stock document."""

    async def read() -> dict[str, Any]:
        try:
            stored = await wiring.machines().read(machine, "stock")
            return stored.body if stored else {}
        finally:
            await wiring.close()

    return asyncio.run(read())


def alerts(machine: str) -> set[str]:
    """The rules of the machine's open alerts."""

    async def read() -> set[str]:
        try:
            found = wiring.alerts().select(machine, ("type", "=", "alert"), ("state", "=", "open"))
            return {stored.body["rule"] async for stored in found}
        finally:
            await wiring.close()

    return asyncio.run(read())
