"""What is built once is shared, and closed and forgotten by close(), whatever it is."""

import ast
from collections.abc import AsyncIterator

import pytest

from tests.support.metadata import WIRING, local_settings
from vending import wiring
from vending.wiring import clients
from vending.wiring.once import built, close, once


class Client:
    """Notes its closing, and fails at it where told."""

    def __init__(self, name: str, closed: list[str], fault: Exception | None = None) -> None:
        self.name, self.closed, self.fault = name, closed, fault

    async def close(self) -> None:
        self.closed.append(self.name)
        if self.fault is not None:
            raise self.fault


@pytest.fixture(autouse=True)
async def _nothing_stands(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr("os.environ", local_settings())
    await close()
    yield
    await close()


async def test_a_store_is_built_once_and_after_close_anew() -> None:
    store, client = wiring.machines(), clients.cosmos()
    assert wiring.machines() is store
    assert client in built
    await wiring.close()
    assert not built
    assert wiring.machines() is not store
    assert clients.cosmos() is not client


async def test_close_closes_what_has_connections_the_newest_first() -> None:
    closed: list[str] = []

    @once
    def client(name: str) -> Client:
        return Client(name, closed)

    @once
    def plain() -> list[str]:
        return []

    first, _, second = client("first"), plain(), client("second")
    assert client("first") is first
    await close()
    assert closed == ["second", "first"]
    assert client("second") is not second
    closed.clear()
    await close()
    await close()
    assert closed == ["second"]


async def test_one_that_fails_to_close_keeps_no_other_open_and_nothing_in_mind() -> None:
    closed: list[str] = []

    @once
    def client(name: str) -> Client:
        return Client(name, closed, OSError("gone") if name == "bad" else None)

    good, _ = client("good"), client("bad")
    with pytest.raises(OSError, match="gone"):
        await close()
    assert closed == ["bad", "good"]
    assert client("good") is not good


def test_nothing_in_the_wiring_is_kept_otherwise() -> None:
    for part in WIRING:
        kept = {
            node.id
            for node in ast.walk(ast.parse(part.read_text()))
            if isinstance(node, ast.Name) and node.id in ("cache", "lru_cache")
        }
        assert not kept or part.stem == "once", part
