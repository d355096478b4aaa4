"""Events through the real host over real wires, and the account of what became of them (P1, P2, P6)."""

import asyncio
import os
from typing import Any

import pytest

from tests.support.backends import RUN
from tests.support.devices import Device, send
from tests.support.waiting import finished
from vendctl import account
from vendctl.commands.program import wired
from vendctl.local.system import System
from vendctl.operations.account import Account
from vending import wiring

pytestmark = pytest.mark.usefixtures("environment")


def take() -> Account:
    return wired(account.take(os.environ))


def stock(machine: str) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        try:
            found = await wiring.machines().read(machine, "stock")
            assert found, f"{machine} has no stock document"
            return found.body
        finally:
            await wiring.close()

    return asyncio.run(read())


def test_every_event_is_accounted_for(running: System) -> None:
    fleet = [Device(f"pipe-{number}{RUN}") for number in range(5)]
    for device in fleet:
        device.level(40)
        for _ in range(20):
            device.vend()
            device.temperature()
    # Of this test alone: the system is shared, and the account counts contents.
    own = f"pipe{RUN}".encode()
    poison = [own + b": no json", b'{"specversion": "1.0", "id": "%b"}' % own, own + b" \xff\xfe"]
    batches = [(device.name, device.sent) for device in fleet]
    # Every device sends all of it again, in other batches and an unhelpful order.
    again = [(device.name, device.sent[::-1]) for device in fleet]
    before = take()
    send(running.stack.eventhubs_connection, "telemetry", [*batches, ("anybody", poison), *again])
    finished(running.environment)
    found = take()
    assert found.lost == found.doubled == 0, found.lost_events
    assert found.archived - before.archived == 2 * 5 * 41 + 3
    assert found.distinct - before.distinct == 5 * 41 + 3
    assert found.dead_lettered - before.dead_lettered == 3
    for device in fleet:
        body = stock(device.machine)
        assert body["totals"] == {"vends": 20, "units": 20, "revenue": {"EUR": 3000}}
        assert body["applied"] == {f"{device.name}/1": [[1, 20]]}
