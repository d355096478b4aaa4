"""Checkpoints and ownership, where the storage service fails once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from azure.core.pipeline.transport import AsyncHttpTransport

from devstack.functions.listeners.checkpoint_store import checkpoint_store
from devstack.functions.storage import DEVELOPMENT

PLACE = {
    "fully_qualified_namespace": "localhost", "eventhub_name": "hub", "consumer_group": "$default",
    "partition_id": "0", "offset": "7", "sequence_number": 7,
}  # fmt: skip


@asynccontextmanager
async def failing(times: int) -> AsyncIterator[tuple[str, list[int]]]:
    """A blob service that is busy for the first requests: its connection string, and what it answered."""
    said: list[int] = []

    async def answer(_: web.Request) -> web.Response:
        said.append(503 if len(said) < times else 200)
        return web.Response(status=said[-1])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield DEVELOPMENT.replace("127.0.0.1:10000", f"127.0.0.1:{port}"), said
    finally:
        await runner.cleanup()


async def test_a_service_that_is_busy_once_holds_a_partition_up_for_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the SDK's own patience it is 15 s, and longer each further time."""
    waits: list[float] = []

    async def at_once(_: AsyncHttpTransport[Any, Any], duration: float) -> None:
        waits.append(duration)

    monkeypatch.setattr(AsyncHttpTransport, "sleep", at_once)
    async with failing(2) as (connection, said):
        store = checkpoint_store(connection)
        await store.update_checkpoint(dict(PLACE))
        await store.close()
    assert said == [503, 503, 200]
    assert len(waits) == 2
    assert sum(waits) < 5
