"""The app through a killed host and a store that is away: nothing lost, nothing twice (P1, P2, P5)."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.conftest import QUICK
from tests.support.devices import Device, send
from tests.support.maintenance import compacted, rolled_up
from tests.support.waiting import finished, until
from vendctl import account
from vendctl.__main__ import main as vendctl
from vendctl.commands.program import wired
from vendctl.hub import behind
from vendctl.local.system import ROOT, System, system
from vendctl.operations.account import Account

EVENTS = 400


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of this module's own: its tests break it."""
    with system(tmp_path_factory.mktemp("outages"), QUICK, print, port=0, apart=True) as found:
        yield found


@pytest.fixture(autouse=True)
def environment(alone: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in alone.environment.items():
        monkeypatch.setenv(name, value)


def traffic(name: str) -> list[Device]:
    """Ten devices with vends and readings."""
    fleet = [Device(f"{name}-{number}") for number in range(10)]
    for device in fleet:
        device.level(100)
        while len(device.sent) < EVENTS // len(fleet):
            device.vend()
            device.temperature()
    return fleet


def deliver(system_: System, fleet: list[Device]) -> None:
    send(system_.stack.eventhubs_connection, "telemetry", [(device.name, device.sent) for device in fleet])


def settled(system_: System) -> Account:
    finished(system_.environment)
    return wired(account.take(system_.environment))


def waiting(system_: System) -> dict[str, int]:
    return asyncio.run(behind(system_.environment))


def test_a_killed_host_loses_nothing_and_counts_nothing_twice(alone: System) -> None:
    first, second = traffic("before"), traffic("after")
    deliver(alone, first)
    until(lambda: waiting(alone)["ingest"] < EVENTS, "ingest has begun")
    alone.host.kill()
    deliver(alone, second)
    alone.stack.start_functions(ROOT, settings=alone.environment, port=0)
    found = settled(alone)
    assert found.lost == found.doubled == found.dead_lettered == 0, found.lost_events
    assert found.applied == sum(len(device.sent) for device in [*first, *second])


def test_ingest_waits_while_cosmos_is_away_and_catches_up(alone: System) -> None:
    fleet = traffic("waits")
    before = settled(alone)
    alone.stack.stop_cosmos()
    try:
        deliver(alone, fleet)
        until(lambda: waiting(alone)["archive"] == 0, "the archive goes on alone")
        assert waiting(alone)["ingest"] > 0
    finally:
        alone.stack.start_cosmos()
    found = settled(alone)
    assert found.lost == found.doubled == found.dead_lettered == 0, found.lost_events
    assert found.applied - before.applied == sum(len(device.sent) for device in fleet)


def test_after_all_that_the_archive_is_complete_and_rebuilds_the_same(alone: System) -> None:
    """P4, for whatever the tests before it left."""
    settled(alone)
    compacted()
    assert vendctl(["archive", "audit"]) == 0
    rolled_up()
    assert vendctl(["rebuild", "--target", "rebuilt"]) == 0
