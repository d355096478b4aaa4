"""Frames between a host and its workers: there and back, and without copies of what waits."""

import asyncio
import socket
import tracemalloc

from devstack.functions import wire

LARGE = 20 * 1024 * 1024


async def test_a_frame_that_waits_behind_another_is_not_copied_as_it_goes() -> None:
    """asyncio cuts bytes, and with them the frame, each time the socket takes some; of a view nothing."""
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_unix_connection(sock=ours)
    reader, far = await asyncio.open_unix_connection(sock=theirs)
    frames = [wire.encode({"n": n, "body": bytes(LARGE)}) for n in range(2)]
    tracemalloc.start()
    try:
        for frame in frames:
            writer.write(frame)
        taken = 0
        while taken < LARGE * 3 // 2:
            taken += len(await reader.read(65_536))
        assert tracemalloc.get_traced_memory()[1] < LARGE // 2
    finally:
        tracemalloc.stop()
        writer.transport.abort()
        far.transport.abort()


async def test_a_frame_comes_back_as_it_went() -> None:
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_unix_connection(sock=ours)
    reader, far = await asyncio.open_unix_connection(sock=theirs)
    sent = {"id": "1", "inputs": [("events", ("collection_bytes", [b"\0", b""]))], "retry": (0, -1, "")}
    writer.write(wire.encode(sent))
    assert await wire.read(reader) == sent
    writer.close()
    far.close()
