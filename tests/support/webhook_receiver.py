"""A webhook's receiver on loopback: keeps what was posted to it, and answers as it is told."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """To one post: the status, so many seconds later, or none."""

    status: int = 204
    headers: Mapping[str, str] = {}
    seconds: float = 0.0
    hangs_up: bool = False
    """The post is taken, and nobody is told."""


class Post(NamedTuple):
    """What came, and how it was answered."""

    key: str | None
    message: dict[str, Any]
    headers: Message
    answer: Answer


class WebhookReceiver:
    """Listens on a loopback port of its own until closed. ``answer`` is asked for each post."""

    def __init__(self, answer: Callable[[], Answer] = Answer) -> None:
        self.answer = answer
        self.posts: list[Post] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = receiver.answer()
                receiver.posts.append(Post(self.headers["Idempotency-Key"], message, self.headers, answer))
                time.sleep(answer.seconds)
                if answer.hangs_up:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/notifications"

    def received(self) -> list[tuple[str | None, dict[str, Any]]]:
        """Key and message of every post, in order."""
        return [(post.key, post.message) for post in list(self.posts)]

    def taken(self) -> list[str | None]:
        """The keys of what was not refused, in order."""
        return [post.key for post in list(self.posts) if post.answer.status < 300]

    def of(self, machine: str) -> list[str | None]:
        """The keys of what was posted about a machine, in order."""
        return [key for key, message in self.received() if message["machineId"] == machine]

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
