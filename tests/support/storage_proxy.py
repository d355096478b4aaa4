"""A proxy before a blob store that holds requests: who sent one waits for its answer until he is killed."""

import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

Wanted = Callable[[str, str], bool]
"""Of a method and a path."""
OF_THIS_HOP = ("connection", "transfer-encoding", "content-length", "keep-alive")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that was killed is nothing to tell of."""


class StorageProxy:
    """Passes requests on to a port of loopback; :meth:`hold` names those that it does not."""

    def __init__(self, port: int) -> None:
        self.held = threading.Event()
        """A request is being held."""
        self._let_go = threading.Event()
        self._wanted: Wanted | None = None
        self._server = _Server(("127.0.0.1", 0), _handler(self, port))
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def hold(self, wanted: Wanted) -> None:
        """From here on such requests are held, and never reach the store."""
        self.held.clear()
        self._let_go.clear()
        self._wanted = wanted

    def let_go(self) -> None:
        """Hold no more; the connections of those that were held end without an answer."""
        self._wanted = None
        self._let_go.set()

    def holds(self, method: str, path: str) -> bool:
        """Wait, if this request is to be held: whether it was."""
        if self._wanted is None or not self._wanted(method, path):
            return False
        self.held.set()
        self._let_go.wait()
        return True


def _handler(proxy: StorageProxy, port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if proxy.holds(self.command, self.path):
                self.close_connection = True
                return
            store = HTTPConnection("127.0.0.1", port, timeout=60)
            store.request(self.command, self.path, body, dict(self.headers))
            answer = store.getresponse()
            content = answer.read()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in OF_THIS_HOP:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(content)
            store.close()

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815 - as the base calls them

        def log_message(self, *_: object) -> None:
            """Not to stderr."""

    return Handler
