"""A webhook that is often ill: it answers 503, late, or hangs up, and takes the rest."""

import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REFUSED, SLOW, CUT = 0.15, 0.20, 0.25
"""Up to these shares of the posts: 503; taken, three seconds late; taken, and no answer."""


class IllReceiver:
    """Counts what it took by idempotency key. It is well once :attr:`well` is set."""

    def __init__(self, seed: int) -> None:
        self.taken: Counter[str] = Counter()
        self.well = threading.Event()
        chance = random.Random(seed)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                luck = 1.0 if receiver.well.is_set() else chance.random()
                if luck < REFUSED:
                    self.send_response(503)
                    self.end_headers()
                    return
                receiver.taken[self.headers.get("Idempotency-Key", "")] += 1
                if luck < SLOW:
                    time.sleep(3)
                elif luck < CUT:
                    self.connection.close()
                    return
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/notifications"

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
