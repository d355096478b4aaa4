"""An uploaded audit becomes events that ingest takes, the same ones however often it is processed."""

import json
from datetime import UTC, datetime

import pytest

from tests.support.events import hub_event
from tests.support.metadata import ROOT
from tests.unit.uploads.world import World
from vending.errors import Transient
from vending.events.audits import AuditImported
from vending.events.event import parse
from vending.time import millis

MONDAY, TUESDAY = ((ROOT / "examples" / "dex" / f"{day}.dex").read_bytes() for day in ("monday", "tuesday"))


async def test_an_audit_is_an_event_of_the_machine() -> None:
    world = World()
    assert (await world.process(await world.upload(MONDAY))).endswith("processed, audit 1")
    assert (await world.process(await world.upload(MONDAY + TUESDAY))).endswith("processed, audits 2 to 3")
    world.hub.sent[1:] = []
    [(body, key)] = world.hub.sent
    event = parse(hub_event(1, body))
    assert (event.machine, event.device, event.order, event.ledger, key) == (
        "m-1",
        "uploads",
        (0, 1),
        1,
        "uploads",
    )
    assert (event.at.quality, event.at.ms) == ("imported", millis(datetime(2026, 3, 2, 18, 40, tzinfo=UTC)))
    assert isinstance(event.data, AuditImported)
    assert (event.data.checksum, event.data.upload_id) == ("right", "0" * 31 + "1")
    assert event.data.paid_vends


async def test_numbers_have_no_holes_and_each_machine_its_own() -> None:
    world = World()
    for data, machine in ((MONDAY, "m-1"), (TUESDAY, "m-1"), (MONDAY + TUESDAY, "m-1"), (MONDAY, "m-2")):
        await world.process(await world.upload(data, machineId=machine))
    found = [json.loads(body) for body, _ in world.hub.sent]
    numbered = [(each["subject"].partition("/")[2], each["ledgersequence"]) for each in found]
    assert numbered == [("m-1", 1), ("m-1", 2), ("m-1", 3), ("m-1", 4), ("m-2", 1)]


@pytest.mark.parametrize("operation", ["read", "write"])
async def test_a_crash_behind_the_sending_sends_the_same_event_again(operation: str) -> None:
    world = World()
    event = await world.upload(MONDAY)

    def crash(what: str, _: str) -> None:
        if what == operation and world.hub.sent:
            raise Transient("the process ended")

    world.machines.fault = crash
    with pytest.raises(Transient):
        await world.process(event)
    world.machines.fault = lambda *_: None
    await world.process(event)
    first, second = world.hub.sent
    assert first == second
    await world.process(await world.upload(TUESDAY))
    assert json.loads(world.hub.sent[-1][0])["ledgersequence"] == 2


@pytest.mark.parametrize("data", [b"", b"<html><body>not found</body></html>", b"\x00" * 100])
async def test_a_file_that_is_no_audit_is_rejected_and_takes_no_number(data: bytes) -> None:
    world = World()
    assert "rejected, no-audit" in await world.process(await world.upload(data))
    assert world.hub.sent == []
    assert world.record().first is None


async def test_what_an_audit_says_out_of_bounds_is_left_out() -> None:
    world = World()
    odd = b"DXS*ABC0000001*VA*V0/6*1\r\nST*001*0001\r\nID1*%b\r\nVA1*99999999999999*5\r\nDXE*1*1\r\n" % (
        b"9" * 500
    )
    await world.process(await world.upload(odd))
    [(body, _)] = world.hub.sent
    found = parse(hub_event(1, body)).data
    assert isinstance(found, AuditImported)
    assert (found.serial, found.paid_vends) == ("9" * 120, 5)
