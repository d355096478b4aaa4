"""A replay waits for the app as long as something moves, and no longer."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from vendctl.replay import waiting
from vendctl.replay.errors import ReplayError
from vendctl.replay.reconcile import Key, Mismatch, Sum


class Hub:
    """Ten events in the hub; how far the functions are, from one look to the next."""

    def __init__(self, *looks: dict[str, int]) -> None:
        self.looks = list(looks)

    async def last_numbers(self, _: Mapping[str, str]) -> dict[str, int]:
        return {"0": 5, "1": 3, "2": -1}

    async def behind(self, _: Mapping[str, str]) -> dict[str, int]:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]


def use(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> list[tuple[str, int, int]]:
    monkeypatch.setattr(waiting, "last_numbers", hub.last_numbers)
    monkeypatch.setattr(waiting, "behind", hub.behind)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(waiting, "STALLED_SECONDS", 0.05)
    monkeypatch.setattr(waiting, "QUIET_SECONDS", 0.05)
    return []


async def test_until_both_functions_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub({"ingest": 10, "archive": 9}, {"ingest": 0, "archive": 2}, {"ingest": 0, "archive": 0})
    seen = use(monkeypatch, hub)
    await waiting.finished({}, lambda *stage: seen.append(stage), "the log")
    assert seen == [
        ("ingest done", 0, 10), ("archive done", 1, 10),
        ("ingest done", 10, 10), ("archive done", 8, 10),
        ("ingest done", 10, 10), ("archive done", 10, 10),
    ]  # fmt: skip


async def test_a_standstill_ends_with_a_clear_word(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Hub({"ingest": 4, "archive": 0}))
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


def off(day: str) -> Mismatch:
    return Mismatch("rollup", Key("x1", day, "USD"), Sum(1, 1), Sum())


async def test_rollups_are_run_until_they_agree(monkeypatch: pytest.MonkeyPatch, host: Any) -> None:
    use(monkeypatch, Hub({}))
    looks = [[off("2025-01-01"), off("2025-01-02")], [off("2025-01-02")], []]

    async def look() -> list[Mismatch]:
        return looks.pop(0)

    url, calls = host
    assert await waiting.rolled_up(url, look) == []
    assert calls == ["roll_up"] * 3


async def test_rollups_that_stay_off_are_returned(monkeypatch: pytest.MonkeyPatch, host: Any) -> None:
    use(monkeypatch, Hub({}))

    async def look() -> list[Mismatch]:
        return [off("2025-01-01")]

    assert await waiting.rolled_up(host[0], look) == [off("2025-01-01")]


async def test_a_host_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch, host: Any) -> None:
    use(monkeypatch, Hub({}))

    async def look() -> list[Mismatch]:
        return []

    with pytest.raises(ReplayError, match="refuses would not run roll_up: 500 no"):
        await waiting.rolled_up(f"{host[0]}/refuses", look)
