"""Nothing acknowledged is lost: kills under load, restarts, power durability, faults on request."""

import gc
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.eventhub import EventData
from azure.eventhub.exceptions import EventHubError

from devstack.eventhubs.errors import AmqpError
from devstack.eventhubs.hub.durability import PowerDurability
from devstack.eventhubs.hub.partition import Partition
from devstack.eventhubs.log.partition_log import PartitionLog
from devstack.eventhubs.wire import performatives as p
from devstack.eventhubs.wire.message import cut
from devstack.tests.eventhubs.clients import bodies, producer, read, send
from devstack.tests.eventhubs.peer import event, logged_in, sections, selector
from devstack.tests.eventhubs.serving import Served, serving, wait_for

# The synchronous SDK leaves its old sockets to the garbage collector when it reconnects.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(autouse=True)
def _collect() -> Iterator[None]:
    yield
    gc.collect()


class Load:
    """A producer that keeps sending to one partition and remembers what was acknowledged."""

    def __init__(self, cs: str, hub: str, partition: str) -> None:
        self.acknowledged: list[str] = []
        self.fault: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(cs, hub, partition))
        self._thread.start()

    def _run(self, cs: str, hub: str, partition: str) -> None:
        number = 0
        try:
            with producer(cs, hub, retry_total=20, retry_backoff_max=0.5) as client:
                while not self._stop.is_set():
                    batch = client.create_batch(partition_id=partition)
                    names = [f"{partition}-{number + i}" for i in range(20)]
                    for name in names:
                        batch.add(EventData(name))
                    client.send_batch(batch)
                    self.acknowledged += names
                    number += 20
        except BaseException as fault:  # noqa: BLE001 - shown by finish()
            self.fault = fault

    def finish(self) -> list[str]:
        self._stop.set()
        self._thread.join(60)
        assert self.fault is None, self.fault
        return self.acknowledged


def stored(served: Served, hub: str, partition: str) -> list[str]:
    """Every event of a partition, by a client that checks that sequence numbers have no gaps."""
    found: list[str] = []
    with logged_in(served.port) as peer:
        handle, _ = peer.attach(source=f"{hub}/ConsumerGroups/check/Partitions/{partition}")
        peer.credit(handle, 1_000_000, drain=True, window=0x7FFFFFFF)
        while True:
            peer.poll()
            for _, code, fields, payload in peer.heard:
                if code == p.TRANSFER:
                    parts = sections(payload)
                    assert parts[0x72]["x-opt-sequence-number"] == len(found)
                    found.append(parts[0x75].decode())
                elif code == p.FLOW and fields[4] == handle:
                    return found
            peer.heard.clear()


@pytest.mark.parametrize("durability", ["process", "power"])
def test_kill_under_load_loses_nothing_acknowledged(tmp_path: Path, durability: str) -> None:
    with serving(tmp_path, "--durability", durability) as served:
        loads = [Load(served.connection_string, "orders", place) for place in "01"]
        for round_number in range(1, 3):
            goal = round_number * 200
            wait_for(
                lambda goal=goal: all(len(load.acknowledged) >= goal or load.fault for load in loads)  # type: ignore[misc]
            )
            served.kill()
            served.start()
        goals = [len(load.acknowledged) + 100 for load in loads]
        wait_for(
            lambda: all(
                len(load.acknowledged) >= g or load.fault for load, g in zip(loads, goals, strict=True)
            )
        )
        for place, load in zip("01", loads, strict=True):
            acknowledged = load.finish()
            kept = stored(served, "orders", place)
            assert not set(acknowledged) - set(kept)
            assert len(kept) - len(set(kept)) <= 2 * 20, "at most the batch in flight at each kill twice"


def test_a_clean_restart_keeps_everything_and_says_goodbye(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        with logged_in(served.port) as peer:
            sender, _ = peer.attach(target="Orders/Partitions/0")
            for number in range(3):
                peer.send(sender, number, str(number))
            assert served.stop() == 0
            close = peer.hear(p.CLOSE)[0].value
            assert close[0] == "amqp:connection:forced"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.port), timeout=60)
        assert not (tmp_path / "ready.json").exists()
        served.start()
        assert stored(served, "orders", "0") == ["0", "1", "2"]


def test_a_second_server_on_the_folder_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        second = Served(tmp_path / "second")
        (tmp_path / "second").mkdir()
        (tmp_path / "second" / "data").symlink_to(served.data)
        with pytest.raises(RuntimeError, match="in use by another server"):
            second.start()


def test_a_changed_partition_count_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        send(served.connection_string, "orders", ["x"])
    entity = {"Name": "orders", "PartitionCount": 8}
    (tmp_path / "c.json").write_text(
        json.dumps(
            {"UserConfig": {"NamespaceConfig": [{"Type": "EventHub", "Name": "n", "Entities": [entity]}]}}
        )
    )
    changed = Served(tmp_path, ["--config", str(tmp_path / "c.json")])
    with pytest.raises(RuntimeError, match="has 4 partitions"):
        changed.start()


def test_faults_on_request(tmp_path: Path) -> None:
    with serving(tmp_path, control=True) as served, logged_in(served.port) as peer:
        assert "TEST FAULTS" in served.output()
        sender, _ = peer.attach(target="orders/Partitions/0")
        served.control(do="fault", place="enospc")
        outcome = peer.send(sender, 0, "no room")
        assert outcome.descriptor == p.REJECTED
        assert outcome.value[0].value[0] == "amqp:resource-limit-exceeded"
        served.control(do="fault", place="send", condition="com.microsoft:server-busy", count=2)
        for number in (1, 2):
            assert peer.send(sender, number, "busy").value[0].value[0] == "com.microsoft:server-busy"
        served.control(do="fault", place="delay", seconds=0.3)
        began = time.monotonic()
        assert peer.send(sender, 3, "slow").descriptor == p.ACCEPTED
        assert time.monotonic() - began >= 0.25
        served.control(do="fault", place="attach", condition="com.microsoft:timeout")
        assert peer.attach(target="orders")[1][6] is None
        assert peer.error_of_detach()[0] == "com.microsoft:timeout"
        assert served.control(do="disconnect")["disconnected"] == 1
        with pytest.raises((EOFError, ConnectionError)):
            peer.poll()
        assert stored(served, "orders", "0") == ["slow"]


def test_the_sdk_sees_a_full_disk_and_survives_a_cut(tmp_path: Path) -> None:
    with serving(tmp_path, control=True) as served, producer(served.connection_string, "orders") as client:
        client.send_event(EventData("one"), partition_id="0")
        served.control(do="fault", place="enospc", count=1)
        client.send_event(EventData("sent again by the SDK itself"), partition_id="0")
        served.control(do="fault", place="enospc", count=100)
        with pytest.raises(EventHubError, match="no space"):
            client.send_event(EventData("lost"), partition_id="0")
        served.control(do="clear")
        served.control(do="disconnect")
        client.send_event(EventData("two"), partition_id="0")
        assert bodies(read(served.connection_string, "orders", 3))[::2] == ["one", "two"]


def test_a_slow_consumer_costs_little_memory_and_others_nothing(tmp_path: Path) -> None:
    with (
        serving(tmp_path, control=True) as served,
        logged_in(served.port) as slow,
        logged_in(served.port) as fast,
    ):
        sender, _ = fast.attach(target="orders/Partitions/0")
        block = event("x" * 60_000)
        for number in range(400):
            fast.transfer(sender, number, block, settled=True)
        fast.transfer(sender, 400, block)
        while fast.hear(p.DISPOSITION)[1] != 400:
            pass
        before = served.control(do="stats")["peak_kib"]
        reader, _ = slow.attach(source="orders/ConsumerGroups/a/Partitions/0")
        slow.credit(reader, 10_000)  # 24 MB wanted, none of it read
        wait_for(lambda: served.control(do="stats")["buffered_most"] > 100_000)
        reader, _ = fast.attach(source="orders/ConsumerGroups/b/Partitions/0")
        fast.credit(reader, 10_000)
        for _ in range(401):
            fast.hear(p.TRANSFER)
        stats = served.control(do="stats")
        assert stats["buffered_most"] < 2 * 1024 * 1024
        assert stats["peak_kib"] - before < 16 * 1024
        for _ in range(401):
            slow.hear(p.TRANSFER)


def test_retention_moves_the_beginning_and_old_positions_start_there(tmp_path: Path) -> None:
    options = ("--retention-bytes", "400000", "--segment-bytes", "50000")
    with serving(tmp_path, *options, control=True) as served, logged_in(served.port) as peer:
        sender, _ = peer.attach(target="orders/Partitions/0")
        for number in range(100):
            peer.send(sender, number, f"{number:03d}" + "x" * 10_000)
        served.control(do="retain")
        ask = {"operation": "READ", "type": "com.microsoft:partition", "name": "orders", "partition": "0"}
        _, body = peer.request("$management", ask)
        first = body["begin_sequence_number"]
        assert 55 < first < 75
        assert body["last_enqueued_sequence_number"] == 99
        old = selector("amqp.annotation.x-opt-sequence-number > '3'")
        reader, _ = peer.attach(source="orders/ConsumerGroups/a/Partitions/0", filters=old)
        peer.credit(reader, 1)
        found = sections(peer.hear_all(p.TRANSFER)[3])
        assert found[0x72]["x-opt-sequence-number"] == first


def test_a_silent_client_is_closed_after_twice_the_idle_timeout(tmp_path: Path) -> None:
    with serving(tmp_path, "--idle-timeout", "0.5") as served, logged_in(served.port) as peer:
        assert peer.open[4] == 500
        close = peer.hear(p.CLOSE)[0].value
        assert close[0] == "amqp:connection:forced"
        assert "silent" in close[1]


async def test_power_durability_settles_after_the_sync_and_breaks_on_a_failed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durability = PowerDurability()
    log = PartitionLog(tmp_path, sync_rolled=True)
    partition = Partition("hub", 0, log, durability)
    order: list[object] = []
    real = os.fdatasync

    def sync(fd: int) -> None:
        order.append("sync")
        real(fd)

    def fail(fd: int) -> None:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(os, "fdatasync", sync)
    for text in ("a", "b"):
        partition.append([cut(event(text))], None, None, 1, order.append)
    assert (log.read(0), order) == ([], []), "neither shown nor acknowledged before the sync"
    await durability.close()
    assert order == ["sync", None, None], "one sync for both"
    assert len(log.read(0)) == 2
    monkeypatch.setattr(os, "fdatasync", fail)
    partition.append([cut(event("c"))], None, None, 1, order.append)
    await durability.close()
    partition.append([cut(event("d"))], None, None, 1, order.append)
    refused = [fault.condition for fault in order[3:] if isinstance(fault, AmqpError)]
    assert refused == ["amqp:internal-error", "amqp:internal-error"]
    assert len(log.read(0)) == 2
    log.close()
