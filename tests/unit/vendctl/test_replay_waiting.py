"""A replay waits for the app as long as something moves, and no longer."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from vendctl.replay import waiting
from vendctl.replay.errors import ReplayError


class Hub:
    """Ten events in two partitions; where the functions stand, from one look to the next."""

    def __init__(self, *looks: dict[str, dict[str, int]]) -> None:
        self.looks = list(looks)

    async def last_numbers(self, _: Mapping[str, str]) -> dict[str, int]:
        return {"0": 5, "1": 3, "2": -1}

    async def checkpoints(self, _: Mapping[str, str]) -> dict[str, dict[str, int]]:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]


def use(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> list[tuple[str, int, int]]:
    monkeypatch.setattr(waiting, "last_numbers", hub.last_numbers)
    monkeypatch.setattr(waiting, "checkpoints", hub.checkpoints)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)
    return []


async def test_until_both_functions_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(
        {"ingest": {}, "archive": {"1": 0}},
        {"ingest": {"0": 5, "1": 3}, "archive": {"0": 3, "1": 3}},
        {"ingest": {"0": 5, "1": 3}, "archive": {"0": 5, "1": 3}},
    )
    seen = use(monkeypatch, hub)
    numbers = await waiting.finished({}, lambda *stage: seen.append(stage), "the log")
    assert numbers == {"0": 5, "1": 3, "2": -1}
    assert seen == [
        ("ingest done", 0, 10), ("archive done", 1, 10),
        ("ingest done", 10, 10), ("archive done", 8, 10),
        ("ingest done", 10, 10), ("archive done", 10, 10),
    ]  # fmt: skip


async def test_a_standstill_ends_with_a_clear_word(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Hub({"ingest": {"0": 3, "1": 1}, "archive": {"0": 5, "1": 3}}))
    monkeypatch.setattr(waiting, "STALLED_SECONDS", 0.05)
    with pytest.raises(ReplayError, match=r"nothing moved .*: ingest is 4 events behind of 10; see the log"):
        await waiting.finished({}, lambda *_: None, "the log")


@pytest.fixture
async def host() -> Any:
    """The host's admin endpoint; ``calls`` are the functions that were run."""
    calls: list[str] = []

    async def run(request: web.Request) -> web.Response:
        calls.append(request.match_info["name"])
        return web.Response(status=202 if "refuses" not in request.path else 500, text="no")

    app = web.Application()
    app.router.add_post("/admin/functions/{name}", run)
    app.router.add_post("/refuses/admin/functions/{name}", run)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", calls
    await runner.cleanup()


class RollUps:
    """Rollups that find ``days`` of ten days with each look, and are done some time after the queue is."""

    def __init__(self, url: str, queue: list[int], days: list[int], done: list[bool]) -> None:
        self.queue, self.found, self.done = queue, days, done
        self.port = waiting.RollUps(url, self._queued, self._days, self._caught_up)

    async def _queued(self) -> int:
        return self.queue.pop(0) if len(self.queue) > 1 else self.queue[0]

    async def _days(self) -> int:
        return self.found.pop(0) if len(self.found) > 1 else self.found[0]

    async def _caught_up(self) -> bool:
        return self.done.pop(0) if len(self.done) > 1 else self.done[0]


async def test_rollups_are_run_and_waited_for(monkeypatch: pytest.MonkeyPatch, host: Any) -> None:
    seen = use(monkeypatch, Hub({}))
    url, calls = host
    rollups = RollUps(url, [0, 2, 1, 0], [0, 4, 9, 10], [False, True])
    await waiting.rolled_up(rollups.port, 10, lambda *stage: seen.append(stage), "the log")
    assert calls == ["roll_up"]
    assert seen == [("days rolled up", done, 10) for done in (0, 4, 9, 10)]


async def test_rollups_that_are_done_are_not_run_again(monkeypatch: pytest.MonkeyPatch, host: Any) -> None:
    use(monkeypatch, Hub({}))
    url, calls = host
    await waiting.rolled_up(RollUps(url, [0], [10], [True]).port, 10, lambda *_: None, "the log")
    assert calls == []


async def test_rollups_with_nothing_in_the_queue_are_run_again(
    monkeypatch: pytest.MonkeyPatch, host: Any
) -> None:
    use(monkeypatch, Hub({}))
    monkeypatch.setattr(waiting, "IDLE_SECONDS", 0.0)
    url, calls = host
    rollups = RollUps(url, [0], [9], [False, False, False, True])
    await waiting.rolled_up(rollups.port, 10, lambda *_: None, "the log")
    assert calls == ["roll_up"] * 3


async def test_rollups_at_a_standstill_are_told(monkeypatch: pytest.MonkeyPatch, host: Any) -> None:
    use(monkeypatch, Hub({}))
    monkeypatch.setattr(waiting, "STALLED_SECONDS", 0.05)
    rollups = RollUps(host[0], [2], [9], [False])
    with pytest.raises(ReplayError, match=r"nothing moved .*: 9 of 10 days are rolled up, 2 messages"):
        await waiting.rolled_up(rollups.port, 10, lambda *_: None, "the log")


async def test_a_host_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch, host: Any) -> None:
    use(monkeypatch, Hub({}))
    rollups = RollUps(f"{host[0]}/refuses", [0], [0], [False])
    with pytest.raises(ReplayError, match="refuses would not run roll_up: 500 no"):
        await waiting.rolled_up(rollups.port, 10, lambda *_: None, "the log")
