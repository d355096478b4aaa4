"""Bodies of requests: bounded by FUNCTIONS_REQUEST_BODY_SIZE_LIMIT, refused unread, and what the log shows.

Source: azure-functions-host HttpRequestBodySizeMiddleware; Kestrel refuses by the Content-Length when the
body is first read; measured on the real host: 500 over the bound, a body in chunks reaches no function.
"""

import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devstack.functions.config import Configuration
from devstack.functions.http_limits import BODY_SETTING, MAX_BODY, Limits
from devstack.functions.listeners.http import shown
from devstack.tests.functions.hosting import Hosted, Services

MEBIBYTE = 1024 * 1024
BIG = 90 * MEBIBYTE
ROOM = 60_000
"""KiB by which a process may have grown at its highest: less than one such body."""
HEAD = "GET /api/text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"


def highest(pid: int) -> int:
    """The most memory (KiB) that a process ever held."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1])


def sent(host: Hosted, head: str, pieces: int, piece: bytes) -> int:
    """The status for a request whose body is pushed until it is all out or the host hangs up."""
    with socket.create_connection(("127.0.0.1", host.port), timeout=60) as connection:
        connection.sendall(head.encode())
        try:
            for _ in range(pieces):
                connection.sendall(piece)
        except ConnectionError:
            pass  # It answered and closed before it was told all.
        return int(connection.recv(65536).split()[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_six_large_bodies_of_anybody_cost_no_memory(hosts: Callable[..., Hosted], storage: str) -> None:
    """With the bound at 100 MiB six of 90 MB took a gigabyte, and the next request waited for a minute."""
    settings = {BODY_SETTING: str(MEBIBYTE)}
    host = hosts(Services(storage), "--only", "text", settings=settings).start()
    assert host.request("/api/text")[0] == 200
    processes = [int(host.status()["processId"]), *host.status()["workers"]]
    before = [highest(pid) for pid in processes]
    piece = b"x" * MEBIBYTE
    with ThreadPoolExecutor(12) as pool:
        plain = [
            pool.submit(sent, host, f"{HEAD}Content-Length: {BIG}\r\n\r\n", BIG // MEBIBYTE, piece)
            for _ in range(6)
        ]
        chunk = b"%x\r\n%s\r\n" % (MEBIBYTE, piece)
        chunked = [
            pool.submit(sent, host, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n", BIG // MEBIBYTE, chunk)
            for _ in range(6)
        ]
        assert {one.result() for one in plain} == {500}
        assert {one.result() for one in chunked} == {200}, "its body reaches no function"
    grown = [highest(pid) - size for pid, size in zip(processes, before, strict=True)]
    assert max(grown) < ROOM, grown
    assert host.request("/api/text")[0] == 200


def test_a_body_within_the_bound_arrives_and_one_byte_more_does_not(
    hosts: Callable[..., Hosted], storage: str
) -> None:
    host = hosts(Services(storage), "--only", "echo", settings={BODY_SETTING: "1000"}).start()
    assert host.request("/api/echo/1", b"x" * 1000)[0] == 201
    assert host.request("/api/echo/1", b"x" * 1001)[0] == 500
    assert host.request("/api/nothing", b"x" * 1001)[0] == 404, "nobody reads it"


@pytest.mark.parametrize(
    ("setting", "limit"), [("", MAX_BODY), ("many", MAX_BODY), ("-1", MAX_BODY), ("0", 0), (" 4096 ", 4096)]
)
def test_the_bound_of_bodies(setting: str, limit: int) -> None:
    assert Limits(Configuration(Path(), {}, {}, {BODY_SETTING: setting})).body == limit


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/text", "/api/text"),
        ("/api/a%1b[31m%00b", "/api/a%1b[31m%00b"),
        ("/api/a\x1b[31m\x00b\n", "/api/a?[31m?b?"),
        ("/api/x%3Fcode%3DKEY", "/api/x%3Fcode%3D***"),
        ("/api/x;CODE=KEY;a=1/y", "/api/x;CODE=***;a=1/y"),
        ("/code=KEY/api", "/code=***/api"),
        ("/" + "x" * 300, "/" + "x" * 199 + "…"),
    ],
)
def test_a_path_in_the_log_holds_no_key_and_moves_no_cursor(path: str, told: str) -> None:
    assert shown(path) == told


def test_the_log_of_a_host_holds_no_key(hosts: Callable[..., Hosted], storage: str) -> None:
    host = hosts(Services(storage), "--only", "text", "echo").start()
    for path in ("/api/text?code=SECRET", "/api/echo/1/%1b%5B31m%00?code=SECRET", "/api/echo/1/code=SECRET"):
        assert host.request(path)[0] in (200, 201)
    assert "GET /api/echo/1/%1b%5B31m%00)" in host.log()
    assert "GET /api/echo/1/code=***)" in host.log()
    assert "SECRET" not in host.log()
    assert "\x1b" not in host.log()
    assert "\x00" not in host.log()
