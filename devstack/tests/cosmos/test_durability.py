"""What was acknowledged survives the death of the process; one file has one server."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from azure.core.exceptions import AzureError
from azure.cosmos import PartitionKey, exceptions

from devstack.tests.cosmos.serving import Serving, start


def keep_writing(serving: Serving, worker: int, acknowledged: list[str]) -> None:
    """Batches of three, until the server is gone."""
    with serving.client(retry_total=0, retry_write=0, connection_timeout=2) as client:
        made = client.get_database_client("d").get_container_client("c")
        while True:
            name = f"w{worker}-{len(acknowledged)}"
            operations = [("create", ({"id": f"{name}-{k}", "pk": name},)) for k in range(3)]
            try:
                made.execute_item_batch(operations, name)
            except (AzureError, OSError):
                return
            acknowledged.append(name)


def test_kill_under_load_loses_nothing(tmp_path: Path) -> None:
    serving = start(tmp_path)
    acknowledged: list[list[str]] = [[], [], []]
    with serving.client() as client:
        client.create_database("d").create_container("c", PartitionKey("/pk"))
    workers = [threading.Thread(target=keep_writing, args=(serving, n, acknowledged[n])) for n in range(3)]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + 60
    while sum(map(len, acknowledged)) < 200 and time.monotonic() < deadline:
        time.sleep(0.01)
    serving.kill()
    for worker in workers:
        worker.join()
    again = start(tmp_path)
    try:
        with again.client() as client:
            made = client.get_database_client("d").get_container_client("c")
            stored = [one["pk"] for one in made.read_all_items()]
            written = {name for names in acknowledged for name in names}
            assert len(written) >= 200
            assert written <= set(stored)
            assert {stored.count(name) for name in set(stored)} == {3}
            lsns = [one["id"] for one in made.query_items_change_feed(start_time="Beginning")]
            assert len(lsns) == len(stored)
    finally:
        assert again.stop() == 0


def test_a_second_server_on_the_same_file_is_refused(tmp_path: Path) -> None:
    serving = start(tmp_path)
    try:
        words = [sys.executable, "-m", "devstack", "cosmos", "--port", "0", "--data", str(tmp_path)]
        second = subprocess.run(words, capture_output=True, timeout=60, check=False)
        assert (second.returncode, b"Traceback" in second.stderr) == (2, False)
        assert b"is served by another process" in second.stderr
        words[words.index("0")] = str(serving.port)
        words[-1] = str(tmp_path / "other")
        third = subprocess.run(words, capture_output=True, timeout=60, check=False)
        assert (third.returncode, b"Traceback" in third.stderr) == (2, False)
        assert b"address already in use" in third.stderr
    finally:
        serving.kill()


def test_a_full_disk_refuses_writes_and_loses_nothing(tmp_path: Path) -> None:
    serving = start(tmp_path, "--control")
    try:
        with serving.client(retry_total=0) as client:
            made = client.create_database("d").create_container("c", PartitionKey("/pk"))
            made.create_item({"id": "before", "pk": "x"})
            serving.control(disk_full=True)
            written = []
            refused = 0
            for n in range(100):
                try:
                    made.create_item({"id": f"i{n}", "pk": "x", "text": "x" * 20_000})
                    written.append(f"i{n}")
                except exceptions.CosmosHttpResponseError as error:
                    refused = int(error.status_code or 0)
                    break
            assert refused == 503
            serving.control(disk_full=False)
            made.create_item({"id": "after", "pk": "x"})
            assert {one["id"] for one in made.read_all_items()} == {"before", "after", *written}
    finally:
        serving.kill()
