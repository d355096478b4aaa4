"""Polls of a fleet: at the pace of the answers, in spite of failures, and never while a device is offline."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from simulator.credentials import publisher, token
from simulator.polling import FIRST_WITHIN, PATIENCE, Answer, Asked, Polls, fetch_due
from tests.support.waiting import until

CONNECTION = "Endpoint=sb://hub.example:5671;SharedAccessKeyName=devices;SharedAccessKey=c2VjcmV0"


def settled(polls: Polls, now: float, count: int) -> list[Answer]:
    found: list[Answer] = []

    def enough() -> bool:
        found.extend(polls.answered(now))
        return len(found) >= count

    until(enough, "the polls are answered")
    return found


def test_each_device_asks_again_when_its_answer_says() -> None:
    def fetch(_: str, number: int, asked: Asked) -> Answer:
        asks.append(asked.machine_id)
        return Answer(number, [], 5 + number)

    asks: list[str] = []
    polls = Polls("http://x", 2, 0, fetch)
    who = lambda number: Asked(f"m{number}", "t")  # noqa: E731
    polls.ask(FIRST_WITHIN, who)
    settled(polls, FIRST_WITHIN, 2)
    polls.ask(FIRST_WITHIN + 4.9, who)
    assert sorted(asks) == ["m0", "m1"]
    polls.ask(FIRST_WITHIN + 5, who)
    settled(polls, FIRST_WITHIN + 5, 1)
    assert sorted(asks) == ["m0", "m0", "m1"]
    polls.close()


def test_without_an_answer_the_last_pace_stays() -> None:
    def fetch(_: str, number: int, __: Asked) -> Answer:
        if fails:
            raise OSError("refused")
        return Answer(number, [], 7)

    fails: list[int] = []
    polls = Polls("http://x", 1, 0, fetch)
    polls.ask(0, lambda _: Asked("m", "t"))
    settled(polls, 0, 1)
    fails.append(1)
    polls.ask(7, lambda _: Asked("m", "t"))
    (answer,) = settled(polls, 7, 1)
    assert answer.retry_after == 7
    polls.close()


def test_a_device_that_is_offline_is_asked_later() -> None:
    polls = Polls("http://x", 1, 0, lambda *_: Answer(0, [], 1))
    polls.ask(0, lambda _: None)
    asked: list[int] = []
    polls.ask(PATIENCE - 1, lambda number: asked.append(number))
    assert not asked
    polls.ask(PATIENCE, lambda number: asked.append(number))
    assert asked == [0]
    polls.close()


def test_a_token_is_a_shared_access_signature_for_one_publisher() -> None:
    name = publisher("dev-1", "vm-1", 3)
    said = token(CONNECTION, "telemetry", name, 1_800_000_000)
    where = f"sb%3A%2F%2Fhub.example%3A5671%2Ftelemetry%2Fpublishers%2F{name}"
    assert said.startswith(f"SharedAccessSignature sr={where}&sig=")
    assert said.endswith("&se=1800000000&skn=devices")
    with pytest.raises(ValueError, match="no key"):
        token("UseDevelopmentStorage=true", "telemetry", name, 0)


@pytest.fixture
def served() -> Iterator[tuple[str, dict[str, Any]]]:
    said: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said["path"], said["token"] = self.path, self.headers["Authorization"]
            self.send_response(said["status"])
            if said.get("pace"):
                self.send_header("Retry-After", said["pace"])
            body = json.dumps(said["body"]).encode() if said.get("body") else b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", said
    server.shutdown()
    thread.join()
    server.server_close()


def test_answers_as_they_come(served: tuple[str, dict[str, Any]]) -> None:
    url, said = served
    command = {"commandId": "c", "action": {"kind": "reboot"}, "expiresInSeconds": 9}
    said |= {"status": 200, "pace": "5", "body": {"commands": [command]}}
    assert fetch_due(url, 3, Asked("vm-1", "tok")) == Answer(3, [command], 5)
    assert (said["path"], said["token"]) == ("/api/v1/machines/vm-1/due-commands", "tok")
    said |= {"status": 204, "pace": "240", "body": None}
    assert fetch_due(url, 3, Asked("vm-1", "tok")) == Answer(3, [], 240)
    said |= {"status": 503, "pace": "2"}
    assert fetch_due(url, 3, Asked("vm-1", "tok")) == Answer(3, [], 2)
    said |= {"status": 401, "pace": None}
    with pytest.raises(OSError, match="401"):
        fetch_due(url, 3, Asked("vm-1", "tok"))
