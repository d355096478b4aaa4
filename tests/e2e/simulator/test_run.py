"""``simulator run`` against a hub: what it says it sent is there, however it ends; the next run goes on."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.eventhub.aio import EventHubConsumerClient

from devstack.ports import free_port
from devstack.tests.eventhubs.clients import read_async
from devstack.tests.eventhubs.serving import Served, serving
from tests.support.waiting import until
from vendctl.local.system import ROOT

HUBS = ("stopped", "killed", "away", "history")
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hub")
    config = folder / "config.json"
    hubs = [{"Name": name, "PartitionCount": 1, "ConsumerGroups": []} for name in HUBS]
    namespace = {"Type": "EventHub", "Name": "emulatorNs1", "Entities": hubs}
    config.write_text(json.dumps({"UserConfig": {"NamespaceConfig": [namespace]}}))
    with serving(folder, "--config", str(config)) as server:
        yield server


class Run:
    """The command as a process; its lines as they come."""

    def __init__(self, served: Served, hub: str, folder: Path, *words: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self.truth = folder / "truth.json"
        command = [
            sys.executable, "-m", "simulator", "run", "--connection", served.connection_string, "--hub", hub,
            "--machines", "40", "--speed", "3000", "--truth", str(self.truth),
            "--state", str(folder / "state"), "--json-progress", "--no-poison", "--no-forgeries",
            "--no-epochs", *words,
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, sent: int) -> None:
        until(lambda: self.lines and self.lines[-1]["sent"] >= sent, f"{sent} events are sent")

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(60)
        assert self.process.stderr
        self.errors = self.process.stderr.read()
        self.process.stderr.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stream:
            for line in stream:
                self.lines.append(json.loads(line))


def read(connection: str, hub: str) -> list[bytes]:
    """Every body in the hub."""

    async def everything() -> list[bytes]:
        client = EventHubConsumerClient.from_connection_string(connection, "$Default", eventhub_name=hub)
        async with client:
            state = await client.get_partition_properties("0")
        last = state["last_enqueued_sequence_number"]
        events = await read_async(connection, hub, last + 1, prefetch=3_000)
        return [event.body_as_str().encode() for event in events]

    return asyncio.run(everything())


def numbers(bodies: list[bytes]) -> dict[tuple[str, int], set[int]]:
    """Device and epoch → the ledger numbers that are in the hub."""
    found: dict[tuple[str, int], set[int]] = defaultdict(set)
    for body in bodies:
        try:
            event = json.loads(body)
            found[event["source"], event["deviceepoch"]].add(event["ledgersequence"])
        except (ValueError, KeyError, TypeError):
            continue
    return found


def test_what_it_says_it_sent_is_in_the_hub_and_the_next_run_goes_on(served: Served, tmp_path: Path) -> None:
    hub = "stopped"
    first = Run(served, hub, tmp_path)
    first.wait_for(200)
    assert first.end(signal.SIGTERM) == 0, first.errors
    assert (first.lines[-1]["final"], first.lines[-1]["unsent"]) == (True, 0)
    bodies = read(served.connection_string, hub)
    assert len(bodies) == first.lines[-1]["sent"]
    second = Run(served, hub, tmp_path)
    second.wait_for(100)
    assert second.end(signal.SIGTERM) == 0, second.errors
    bodies = read(served.connection_string, hub)
    assert len(bodies) == first.lines[-1]["sent"] + second.lines[-1]["sent"]
    told = json.loads(second.truth.read_text())
    assert told["exact"] is True
    assert told["totals"] == second.lines[-1]["truth"]
    stated = {
        (f"/devices/{book.split('/')[0]}", int(book.split("/")[1])): {
            number for first, last in held for number in range(first, last + 1)
        }
        for own in told["machines"].values()
        for book, held in own["ledger"].items()
    }
    assert stated == {book: held for book, held in numbers(bodies).items() if held}


def test_after_sigkill_every_device_takes_the_next_epoch(served: Served, tmp_path: Path) -> None:
    first = Run(served, "killed", tmp_path)
    first.wait_for(200)
    first.end(signal.SIGKILL)
    before = max(epoch for _, epoch in numbers(read(served.connection_string, "killed")))
    second = Run(served, "killed", tmp_path)
    second.wait_for(200)
    assert second.end(signal.SIGTERM) == 0, second.errors
    assert json.loads(second.truth.read_text())["exact"] is False
    fresh = [book for book in numbers(read(served.connection_string, "killed")) if book[1] > before]
    assert len({device for device, _ in fresh}) >= 5


def test_a_hub_that_goes_away_loses_nothing(served: Served, tmp_path: Path) -> None:
    run = Run(served, "away", tmp_path)
    run.wait_for(200)
    served.kill()
    until(lambda: run.lines[-1]["waiting"] > 50, "events wait while the hub is away")
    served.start()
    run.wait_for(run.lines[-1]["sent"] + 200)
    assert run.end(signal.SIGINT) == 0, run.errors
    assert run.lines[-1]["unsent"] == 0
    bodies = read(served.connection_string, "away")
    assert len(bodies) >= run.lines[-1]["sent"]
    told = json.loads(run.truth.read_text())
    holes = sum(last - first + 1 for own in told["machines"].values() for gaps in own["holes"].values()
                for first, last in gaps)  # fmt: skip
    assert holes <= sum(own["lost"] for own in told["machines"].values())
    assert sum(len(held) for held in numbers(bodies).values()) == sum(
        last - first + 1
        for own in told["machines"].values()
        for held in own["ledger"].values()
        for first, last in held
    )


def test_a_history_leads_up_to_now_and_the_run_goes_on_from_there(served: Served, tmp_path: Path) -> None:
    run = Run(served, "history", tmp_path, "--history", "1", "--faults", "none")
    until(lambda: run.lines and not run.lines[-1]["history"], "the history is sent")
    run.wait_for(run.lines[-1]["sent"] + 20)
    assert run.end(signal.SIGTERM) == 0, run.errors
    times = [datetime.fromisoformat(json.loads(x)["time"]) for x in read(served.connection_string, "history")]
    assert timedelta(hours=23) < max(times) - min(times) < timedelta(hours=25)
    assert max(times) <= datetime.now(UTC) + timedelta(minutes=1)
    second = Run(served, "history", tmp_path, "--history", "1", "--faults", "none")
    second.wait_for(1)
    assert not any(line["history"] for line in second.lines)
    second.end(signal.SIGTERM)


def test_a_hub_that_takes_nothing_is_no_success(tmp_path: Path) -> None:
    nowhere = Served(tmp_path, port=free_port())
    run = Run(nowhere, "stopped", tmp_path, "--duration", "2")
    assert run.process.wait(60) == 1
    run.end(signal.SIGTERM)
    assert "the hub took none of" in run.errors
