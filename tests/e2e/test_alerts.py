"""Sold out → change feed → alert → queue → webhook, over real wires (P8)."""

import asyncio
import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.backends import RUN
from tests.support.devices import Device, send
from tests.support.waiting import finished, until
from tests.support.webhook_receiver import WebhookReceiver
from vendctl.__main__ import main as vendctl
from vendctl.hub import last_numbers
from vendctl.local.system import System
from vending import wiring
from vending.alerts.waiting import Sample, Samples
from vending.archive.layout import WAITING

pytestmark = pytest.mark.usefixtures("environment")


def alerts(machine: str) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        try:
            return [stored.body async for stored in wiring.alerts().select(machine, ("type", "=", "alert"))]
        finally:
            await wiring.close()

    return asyncio.run(read())


def taken(machine: str) -> list[dict[str, Any]]:
    """The machine's alerts, when every notification of theirs was taken."""
    found = alerts(machine)
    return [] if any(alert["pending"] for alert in found) else found


def test_a_sold_out_selection_reaches_the_webhook_and_its_refill_too(
    running: System, receiver: WebhookReceiver
) -> None:
    device = Device(f"selling-out{RUN}")
    opened, closed = (f"{device.machine}/sold-out/A1/1/{change}" for change in ("opened", "closed"))
    hub = running.stack.eventhubs_connection
    send(hub, "telemetry", [(device.name, [device.level(1), device.vend()])])
    until(lambda: opened in receiver.of(device.machine), "the webhook heard of it")
    (alert,) = until(lambda: taken(device.machine), "the notification left the outbox")
    assert (alert["state"], alert["episode"], alert["component"]) == ("open", 1, "A1")
    assert alert["detail"]["onHand"] == 0
    # All of it once more, and then a refill.
    send(hub, "telemetry", [(device.name, device.sent[:]), (device.name, [device.level(8)])])
    until(lambda: closed in receiver.of(device.machine), "the webhook heard of the refill")
    (alert,) = until(lambda: taken(device.machine), "the second notification left the outbox")
    assert (alert["state"], alert["episode"]) == ("closed", 1)
    assert set(receiver.of(device.machine)) == {opened, closed}


def test_somebody_acknowledges_an_alert_and_resolves_it_by_hand(
    running: System, receiver: WebhookReceiver
) -> None:
    device = Device(f"attended{RUN}")
    opened, closed = (f"{device.machine}/sold-out/A1/1/{change}" for change in ("opened", "closed"))
    hub = running.stack.eventhubs_connection
    send(hub, "telemetry", [(device.name, [device.level(1), device.vend()])])
    until(lambda: opened in receiver.of(device.machine), "the webhook heard of it")
    name = (device.machine, "sold-out", "A1")
    assert vendctl(["alerts", "acknowledge", *name, "--by", "ada"]) == 0
    assert vendctl(["alerts", "resolve", *name, "--by", "ada", "--reason", "taken out of the range"]) == 0
    sweep(running)
    until(lambda: closed in receiver.of(device.machine), "the webhook heard who resolved it")
    # Its rule goes on firing on newer evidence; the next selection shows that this was evaluated.
    send(hub, "telemetry", [(device.name, [device.vend(), device.level(1, "A2"), device.vend("A2")])])
    later = f"{device.machine}/sold-out/A2/1/opened"
    until(lambda: later in receiver.of(device.machine), "the webhook heard of the next selection")
    (alert,) = [one for one in alerts(device.machine) if one["component"] == "A1"]
    assert (alert["state"], alert["episode"], alert["resolved"]["by"]) == ("closed", 1, "ada")


def test_the_sweep_tells_of_a_machine_that_fell_silent(
    running: System, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    device = Device(f"falling-silent{RUN}", started=datetime.now(UTC) - timedelta(hours=3))
    placed = {
        "sites": [{"id": "quiet-place", "timeZone": "Etc/UTC"}],
        "machines": [{"id": device.machine, "site": "quiet-place"}],
    }
    (tmp_path / "catalog.json").write_text(json.dumps(placed))
    assert vendctl(["catalog", "import", str(tmp_path / "catalog.json")]) == 0
    hub = running.stack.eventhubs_connection
    send(hub, "telemetry", [(device.name, [device.temperature()])])
    finished(running.environment)
    sweep(running)
    opened = f"{device.machine}/silent/machine/1/opened"
    until(lambda: opened in receiver.of(device.machine), "the webhook heard of it")
    device.started = datetime.now(UTC)
    send(hub, "telemetry", [(device.name, [device.temperature()])])
    finished(running.environment)
    sweep(running)
    closed = f"{device.machine}/silent/machine/1/closed"
    until(lambda: closed in receiver.of(device.machine), "the webhook heard that it is back")
    (alert,) = until(lambda: taken(device.machine), "the notification left the outbox")
    assert (alert["rule"], alert["state"], alert["episode"]) == ("silent", "closed", 1)
    assert set(receiver.of(device.machine)) == {opened, closed}


def test_events_that_wait_too_long_raise_an_alert(running: System, receiver: WebhookReceiver) -> None:
    """What half a day of sweeps would have noted is put in its place: a number that nobody has reached."""
    now = datetime.now(UTC)
    last = dict.fromkeys(asyncio.run(last_numbers(running.environment)), 0)
    then = Sample(now - timedelta(hours=13), last | {"0": 10**9})
    note(Samples("1", (then, Sample(now, dict.fromkeys(last, -1)))))
    names = [f"$hub/lag/{function}/{number}/{{}}" for function, number in next_episodes().items()]
    sweep(running)
    until(lambda: {x.format("opened") for x in names} <= set(receiver.of("$hub")), "the webhook heard of it")
    assert "events wait for 13:" in (running.stack.data / "functions.log").read_text()
    note(Samples("1"))
    sweep(running)
    until(lambda: {x.format("closed") for x in names} <= set(receiver.of("$hub")), "and that it is over")
    until(lambda: taken("$hub"), "every notification left the outbox")
    assert {alert["state"] for alert in taken("$hub")} == {"closed"}


def next_episodes() -> dict[str, int]:
    """Function → the number of the alert's next episode: where data stay, earlier runs had theirs."""
    held = {alert["component"]: alert["episode"] for alert in alerts("$hub")}
    return {name: held.get(name, 0) + 1 for name in ("archive_telemetry", "ingest_telemetry")}


def note(samples: Samples) -> None:
    """Replace what the sweeps noted."""

    async def write() -> None:
        try:
            found = await wiring.remembered().find(WAITING)
            await wiring.remembered().replace(WAITING, samples.encode(), found[1] if found else None)
        finally:
            await wiring.close()

    asyncio.run(write())


def sweep(running: System) -> None:
    """The timer fires."""
    request = urllib.request.Request(
        f"{running.host.url}/admin/functions/sweep",
        b'{"input": ""}',
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 202
