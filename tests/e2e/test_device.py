"""Boards with what ``vendctl device`` issues, by the hub's publisher endpoints and the whole app."""

import asyncio
import json
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest
from azure.core.credentials import AzureSasCredential
from azure.eventhub import EventData, EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from tests.support.backends import LOCAL, RUN
from tests.support.devices import Device
from tests.support.maintenance import rolled_up
from tests.support.waiting import finished
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System
from vending import wiring
from vending.state.books import MAX_BOOKS


@pytest.fixture(autouse=True)
def environment(running: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DEVICES", f"{running.stack.eventhubs_connection}EntityPath=telemetry")


def issued(capsys: pytest.CaptureFixture[str], device: Device, *words: str) -> dict[str, Any]:
    assert vendctl(["device", device.name, "--machine", device.machine, *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def send(credentials: dict[str, Any], *bodies: bytes) -> None:
    client = EventHubProducerClient(
        credentials["host"], credentials["target"], AzureSasCredential(credentials["token"]), use_tls=False,
        retry_total=0,
    )  # fmt: skip
    with client:
        client.send_batch([EventData(body) for body in bodies])


def read(machine: str) -> Any:
    async def stock() -> Any:
        try:
            return await wiring.machines().read(machine, "stock")
        finally:
            await wiring.close()

    return asyncio.run(stock())


def shown(running: System, machine: str) -> dict[str, Any]:
    """What the API says of a machine, without what moves by itself."""
    with urlopen(f"{running.host.url}/api/v1/machines/{machine}", timeout=60) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def refused(capsys: pytest.CaptureFixture[str], *reasons: str) -> dict[str, list[str]]:
    """Reason → the bodies of its dead letters."""
    found: dict[str, list[str]] = {}
    capsys.readouterr()
    for reason in reasons:
        assert vendctl(["deadletters", "list", "--json", "--reason", reason]) == 0
        found[reason] = [letter["body"] for letter in json.loads(capsys.readouterr().out)]
    return found


def rewritten(body: bytes, **change: Any) -> bytes:
    event = msgspec.json.decode(body) | change
    event["id"] = f"{event['deviceepoch']}-{event['sequence']:012d}"
    return msgspec.json.encode(event)


def test_a_boards_events_count_and_the_next_board_gets_the_next_epoch(
    running: System, capsys: pytest.CaptureFixture[str]
) -> None:
    device, victim = Device(f"issued{RUN}"), Device(f"other{RUN}")
    credentials = issued(capsys, device)
    assert credentials["deviceepoch"] == 1
    send(credentials, device.vend(), device.temperature(), device.vend(), victim.vend())
    finished(running.environment)
    assert read(device.machine).body["totals"]["vends"] == 2
    assert read(victim.machine) is None
    assert issued(capsys, device)["deviceepoch"] == 2


def theft(thief: Device, victim: Device) -> list[bytes]:
    """Money, levels, the highest order and an epoch for every book of the victim's, in either's name."""
    found = []
    for source in (thief, victim):
        said = {"subject": f"machines/{victim.machine}", "source": f"/devices/{source.name}"}
        vend = thief.vend(paidMinor=1_000_000_000, quantity=100)
        found += [rewritten(vend, **said), rewritten(thief.level(250), **said)]
        far = {"deviceepoch": 2**31 - 1, "sequence": 999_999_999_999}
        found.append(rewritten(thief.temperature(3.0), **said, **far))
        found += [rewritten(vend, **said, deviceepoch=epoch) for epoch in range(2, MAX_BOOKS + 2)]
    return found


def test_a_stolen_token_changes_nothing_of_another_machine(
    running: System, capsys: pytest.CaptureFixture[str]
) -> None:
    """Revenue, temperature, life and the next epoch of the victim stay; an operator sees the forgeries."""
    victim, thief = Device(f"victim{RUN}"), Device(f"thief{RUN}")
    own, stolen = issued(capsys, victim), issued(capsys, thief)
    send(own, *(victim.vend() for _ in range(3)), victim.temperature(4.0))
    finished(running.environment)
    before = shown(running, victim.machine)
    assert before["totals"]["revenue"] == {"EUR": 450}

    forged = theft(thief, victim)
    send(stolen, *forged)
    finished(running.environment)
    assert shown(running, victim.machine) == before
    found = refused(capsys, "forged-identity")["forged-identity"]
    assert sorted(x for x in found if victim.machine in x) == sorted(x.decode() for x in forged)

    send(own, victim.temperature(40.0))
    following = issued(capsys, victim)
    assert following["deviceepoch"] == 2
    board = Device(victim.machine, epoch=2)
    send(following, board.vend())
    finished(running.environment)
    after = shown(running, victim.machine)
    assert after["totals"]["revenue"] == {"EUR": 600}
    (zone,) = after["condition"]["temperatures"]
    assert zone["celsius"] == 40.0
    assert vendctl(["account", "--json"]) == 0
    rolled_up()
    assert vendctl(["rebuild", "--target", f"robbed{RUN}", "--machine", victim.machine, "--json"]) == 0
    rebuilt = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (rebuilt["equal"], rebuilt["machines"]) == (True, 1)


def test_a_corrupt_epoch_freezes_nothing(running: System, capsys: pytest.CaptureFixture[str]) -> None:
    device = Device(f"corrupt{RUN}")
    own = issued(capsys, device)
    corrupt = rewritten(device.temperature(3.0), deviceepoch=2**31 - 1, sequence=999_999_999_999)
    send(own, corrupt, device.temperature(40.0))
    finished(running.environment)
    (zone,) = shown(running, device.machine)["condition"]["temperatures"]
    assert zone["celsius"] == 40.0
    assert corrupt.decode() in refused(capsys, "epoch-not-issued")["epoch-not-issued"]
    assert issued(capsys, device)["deviceepoch"] == 2


@pytest.mark.skipif(not LOCAL, reason="the official emulator has no list of revoked publishers")
def test_a_revoked_board_is_shut_out_until_it_has_fresh_credentials(
    running: System, capsys: pytest.CaptureFixture[str]
) -> None:
    device = Device(f"revoked{RUN}")
    own = issued(capsys, device)
    renewed = issued(capsys, device, "--renew", "--days", "60")
    assert (renewed["target"], renewed["deviceepoch"]) == (own["target"], 1)
    assert renewed["expires"] > own["expires"]
    send(renewed, device.vend())
    gone = issued(capsys, device, "--revoke")
    assert gone["revoked"] == [own["target"].rpartition("/")[2], device.name]
    assert "token" not in gone
    for token in (own, renewed):
        with pytest.raises(EventHubError, match="is revoked"):
            send(token, device.vend())
    assert vendctl(["device", device.name, "--machine", device.machine, "--renew"]) == 2
    assert "is revoked: issue the next one" in capsys.readouterr().err
    fresh, board = issued(capsys, device), Device(device.machine, epoch=2)
    send(fresh, board.vend())
    finished(running.environment)
    assert read(device.machine).body["applied"] == {
        f"{device.name}/1": [[1, 1]],
        f"{device.name}/2": [[1, 1]],
    }
