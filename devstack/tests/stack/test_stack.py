"""The stack as a whole: it starts, survives its own parts' stops, and ends with whoever started it."""

import itertools
import json
import os
import signal
import smtplib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from devstack.__main__ import main as devstack
from devstack.ports import free_port
from devstack.stack import Ports, Stack
from devstack.status import look

ROOT = Path(__file__).parents[3]


def within(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def words(ports: Ports) -> list[str]:
    return [
        *("--eventhubs-port", str(ports.eventhubs)), *("--cosmos-port", str(ports.cosmos)),
        *("--blob-port", str(ports.blob)), *("--queue-port", str(ports.queue)),
        *("--smtp-port", str(ports.smtp)), *("--mails-port", str(ports.mails)),
    ]  # fmt: skip


def answers(ports: Ports, functions: int) -> bool:
    return devstack(["status", *words(ports), "--functions-port", str(functions)]) == 0


def status(ports: Ports) -> dict[str, dict[str, Any]]:
    return {name: {"answers": there, "said": said} for name, (_, there, said) in look(ports, 1)[0].items()}


def living(folder: Path) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "stat=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(folder) in line and line[0] != "Z"]


def test_parts_come_and_go_and_nothing_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Stack.start(tmp_path / "a", progress=lambda _: None) as stack:
        nobody = free_port()
        assert answers(stack.ports, nobody)
        assert "AMQP 1.0" in capsys.readouterr().out
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(f"{stack.eventhubs_http}/hub/messages", b"an event without a token")
        refused.value.close()
        assert "nothing answers" in status(stack.ports)["mail"]["said"], "nobody asked for mail"
        stack.start_mail()
        mail = status(stack.ports)
        assert (mail["mail"]["said"], mail["mails"]["answers"]) == ("SMTP", True)
        with smtplib.SMTP("localhost", stack.ports.smtp) as client:
            client.sendmail("a@example.org", ["b@example.org"], b"Subject: kept\r\n\r\n")
        stack.stop_mail()
        stack.start_mail()
        with urllib.request.urlopen(f"{stack.mails_url}/mails") as answer:
            assert [one["subject"] for one in json.load(answer)["mails"]] == ["kept"]
        stack.stop_cosmos()
        assert not answers(stack.ports, nobody)
        stack.start_cosmos()
        assert answers(stack.ports, nobody)
        with pytest.raises(RuntimeError, match="another stack uses"):
            Stack.start(tmp_path / "a", progress=lambda _: None)
    assert not answers(stack.ports, nobody)
    assert living(tmp_path) == []


def test_the_storage_has_two_accounts_that_see_nothing_of_each_other(tmp_path: Path) -> None:
    with Stack.start(tmp_path / "a", progress=lambda _: None) as stack:
        both = stack.storage_connection, stack.host_storage_connection
        for number, connection in enumerate(both):
            with BlobServiceClient.from_connection_string(connection) as blobs:
                blobs.create_container(f"of-{number}")
            with QueueServiceClient.from_connection_string(connection) as queues:
                queues.create_queue(f"of-{number}")
        for number, connection in enumerate(both):
            with BlobServiceClient.from_connection_string(connection) as blobs:
                assert [one.name for one in blobs.list_containers()] == [f"of-{number}"]
            with QueueServiceClient.from_connection_string(connection) as queues:
                assert [one.name for one in queues.list_queues()] == [f"of-{number}"]


def test_a_part_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "hubs.json").write_text("no json")
    with pytest.raises(RuntimeError, match=r"eventhubs ended with code \d+; the end of .*eventhubs.log"):
        Stack.start(tmp_path / "a", hubs_config=tmp_path / "hubs.json", progress=lambda _: None)
    assert living(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_services_end_with_their_process(tmp_path: Path, number: signal.Signals) -> None:
    ports = Ports.free()
    process = subprocess.Popen(
        [sys.executable, "-m", "devstack", "services", "--data", str(tmp_path), *words(ports)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    with process.stdout as said:
        printed = list(itertools.takewhile(lambda line: "Ctrl-C" not in line, said))
        assert f"events by HTTP: POST http://localhost:{ports.eventhubs}/HUB/messages\n" in printed
        assert f"mail by SMTP: localhost:{ports.smtp}" in "".join(printed)
        assert answers(ports, free_port())
        assert status(ports)["mail"]["said"] == "SMTP"
        os.kill(process.pid, number)
        assert process.wait(60) == (0 if number == signal.SIGINT else -number)
    within(lambda: not living(tmp_path), "every part has ended")
    assert not answers(ports, free_port())


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with Stack.start(tmp_path / "a", progress=lambda _: None) as stack:
        done = subprocess.run(
            [sys.executable, "-m", "devstack", "services", *words(stack.ports)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"port {stack.ports.eventhubs} (eventhubs) is taken" in done.stderr
