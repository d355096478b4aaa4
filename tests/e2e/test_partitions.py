"""One message that no trigger can bind, among a thousand: its partition stands, and is cleared (P1, P2, P6).

What the real host does with such a message was measured: the batch fails before the function, and an endless
retry policy repeats it for ever; a checkpoint that is moved counts from the next start on.
"""

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from azure.eventhub import EventData, EventHubProducerClient
from azure.eventhub.amqp import AmqpAnnotatedMessage

from simulator.__main__ import main as simulator
from tests.conftest import QUICK
from tests.support.devices import Device
from tests.support.maintenance import rolled_up
from tests.support.waiting import finished, until
from vendctl import account
from vendctl.__main__ import main as vendctl
from vendctl.commands.program import wired
from vendctl.local.system import ROOT, System, system
from vending import wiring

PARTITION, GOOD, BAD = "1", 1000, 500
BOTH = {f"{function}_telemetry:{PARTITION}" for function in ("ingest", "archive")}
Message = EventData | AmqpAnnotatedMessage


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of this module's own: its hub stands still, and its host stops as the platform's does: with
    later batches called during a retry, out of order and without a checkpoint.
    """
    quick = QUICK | {"STANDING_AFTER_SECONDS": "1", "DEVSTACK_LATE_BATCHES": "3"}
    with system(tmp_path_factory.mktemp("partitions"), quick, print, port=0) as found:
        yield found


@pytest.fixture(autouse=True)
def environment(alone: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in alone.environment.items():
        monkeypatch.setenv(name, value)


def send(running: System, messages: Sequence[Message], partition: str = PARTITION) -> None:
    hub = running.stack.eventhubs_connection
    with EventHubProducerClient.from_connection_string(hub, eventhub_name="telemetry") as producer:
        batch = producer.create_batch(partition_id=partition)
        for message in messages:
            try:
                batch.add(message)
            except ValueError:
                producer.send_batch(batch)
                batch = producer.create_batch(partition_id=partition)
                batch.add(message)
        producer.send_batch(batch)


def listed(capsys: pytest.CaptureFixture[str], code: int) -> dict[tuple[str, str], dict[str, Any]]:
    """Function and partition → its row; the command must end with the code."""
    capsys.readouterr()
    assert vendctl(["partitions", "--json", "--after", "0"]) == code
    rows = json.loads(capsys.readouterr().out)
    return {(row["function"], row["partition"]): row for row in rows}


def alerts() -> dict[str, str]:
    """Component → state of what the sweeps said of standing partitions."""

    async def read() -> dict[str, str]:
        try:
            found = wiring.alerts().select("$hub", ("type", "=", "alert"))
            held = [stored.body async for stored in found]
            rule = "partition-standing-still"
            return {x["component"]: x["state"] for x in held if x["rule"] == rule}
        finally:
            await wiring.close()

    return asyncio.run(read())


def swept(running: System, url: str) -> dict[str, str]:
    """The timer fires, once; what there is of alerts when its run is over."""

    def runs() -> int:
        return (running.stack.data / "functions.log").read_text().count("notifications sent again")

    before = runs()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/admin/functions/sweep", b'{"input": ""}', headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 202
    until(lambda: runs() > before, "the sweep has run")
    return alerts()


@pytest.mark.timeout(900)
def test_a_sequence_among_a_thousand_events_stops_its_partition_and_is_cleared(
    alone: System, capsys: pytest.CaptureFixture[str]
) -> None:
    device = Device("thousand")
    for _ in range(GOOD):
        device.vend()
    messages: list[Message] = [EventData(body) for body in device.sent]
    messages.insert(BAD, AmqpAnnotatedMessage(sequence_body=[["a", 1], [None]], annotations={}))
    send(alone, messages)
    other = Device("elsewhere")
    send(alone, [EventData(other.vend())], "2")
    until(lambda: opened(swept(alone, alone.host.url)) >= BOTH, "the sweep tells of both functions", 180)

    rows = listed(capsys, 1)
    for function in ("ingest_telemetry", "archive_telemetry"):
        row = rows[function, PARTITION]
        assert row["state"] == "blocked"
        assert (row["bad"]["sequence"], row["bad"]["kind"], row["last"]) == (BAD, "sequence", GOOD)
        assert row["checkpoint"] < BAD
        assert row["owner"]
        assert rows[function, "2"]["behind"] == 0, "other partitions go on"
    assert vendctl(["partitions"]) == 1
    assert f"partition {PARTITION}: vendctl partitions clear {PARTITION}" in capsys.readouterr().out
    held = {place: row["checkpoint"] for place, row in rows.items()}

    assert vendctl(["partitions", "clear", PARTITION, "--dry-run"]) == 1
    assert {place: row["checkpoint"] for place, row in listed(capsys, 1).items()} == held
    assert vendctl(["partitions", "clear", PARTITION]) == 0
    assert "az functionapp restart" in capsys.readouterr().out
    rows = listed(capsys, 1)  # the running host goes on repeating its batch
    assert {rows[f"{name}_telemetry", PARTITION]["checkpoint"] for name in ("ingest", "archive")} == {BAD}

    send(alone, [EventData(device.vend()) for _ in range(200)])
    alone.host.stop()
    log = (alone.stack.data / "functions.log").read_text()
    cut = log.index("ingest_telemetry: invocation")
    assert "ingest_telemetry (Succeeded" in log[cut:], "a later batch was called after the cancellation"
    host = alone.stack.start_functions(ROOT, settings=alone.environment, port=0)
    send(alone, [EventData(device.vend()) for _ in range(10)])
    finished(alone.environment, 180)
    judged(capsys, sold=GOOD + 211)
    until(lambda: not opened(swept(alone, host.url)), "the alerts close by themselves", 120)
    assert alerts() == dict.fromkeys(BOTH, "closed")
    assert vendctl(["partitions", "clear", PARTITION]) == 0
    assert "nothing to clear" in capsys.readouterr().out


SCENARIO = """
name = "Bodies that are no data"
machines = 14
hours = 20
speed = 7200
seed = 47
faults = ["binary-bodies", "poison", "duplicates"]
"""
"""With this seed seven of them, of every kind."""


@pytest.mark.timeout(900)
def test_a_fleet_that_sends_many_of_them_is_what_the_simulator_says(
    alone: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several in one partition, and in several; cleared while no host runs, which is as good."""
    (tmp_path / "bodies.toml").write_text(SCENARIO)
    truth = tmp_path / "truth.json"
    words = [str(tmp_path / "bodies.toml"), "--connection", alone.stack.eventhubs_connection]
    sent = [sys.executable, "-m", "simulator", "scenario", *words, "--prefix", "bb-", "--truth", str(truth)]
    subprocess.run(sent, cwd=ROOT, check=True, capture_output=True, timeout=300)
    poison = Counter[str]()
    for machine in json.loads(truth.read_text())["machines"].values():
        poison += Counter(machine["poison"])
    assert poison["amqp-body"] >= 5
    until(lambda: "blocked" in {row["state"] for row in looked(capsys)}, "a partition stands", 120)

    alone.stack.hosts[-1].stop()
    for partition in sorted({row["partition"] for row in looked(capsys)}):
        assert vendctl(["partitions", "clear", partition]) == 0
    alone.stack.start_functions(ROOT, settings=alone.environment, port=0)
    finished(alone.environment, 240)
    asked = ["--truth", str(truth), "--wait", "60"]
    stores = ["--cosmos", alone.environment["COSMOS"], "--storage", alone.environment["DATA"]]
    assert simulator(["verify", *asked, *stores]) == 0, capsys.readouterr().out
    found = wired(account.take(os.environ))
    assert (found.lost, found.doubled) == (0, 0), found.lost_events
    assert vendctl(["archive", "audit"]) == 0
    assert vendctl(["partitions"]) == 0


def looked(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The rows of the list, whatever they say."""
    capsys.readouterr()
    assert vendctl(["partitions", "--json"]) < 2
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def opened(states: dict[str, str]) -> set[str]:
    return {component for component, state in states.items() if state == "open"}


def judged(capsys: pytest.CaptureFixture[str], sold: int) -> None:
    """0 lost, 0 doubled, one dead letter, the archive whole in both groups, and a rebuild is the same."""
    found = wired(account.take(os.environ))
    assert (found.lost, found.doubled, found.dead_lettered) == (0, 0, 1), found.lost_events
    assert found.applied == sold
    assert found.archived == sold + 1
    assert vendctl(["archive", "audit", "--json"]) == 0
    audit = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (audit["complete"], audit["events"]) == (True, sold + 1)
    assert vendctl(["deadletters", "list", "--json"]) == 0
    (letter,) = json.loads(capsys.readouterr().out)
    assert (letter["place"], letter["reason"]) == (f"1/{PARTITION}@{BAD}", "amqp-body")
    assert letter["amqp"]["body"][0] == {"list": [{"string": "a"}, {"int": 1}]}
    assert not any(row["behind"] for row in listed(capsys, 0).values())
    rolled_up()
    assert vendctl(["rebuild", "--target", "rebuilt", "--json"]) == 0
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (again["equal"], again["deadLettered"]) == (True, 1)
