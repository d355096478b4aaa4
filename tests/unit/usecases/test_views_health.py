"""Health: every store is asked, and none of them can hide another."""

import asyncio

from vending.errors import Transient
from vending.usecases.views_health import health


async def fine() -> None:
    """A store that answers."""


async def away() -> None:
    raise Transient("https://secret.example/: connection refused")


async def bug() -> None:
    raise KeyError("oops")


async def endless() -> None:
    await asyncio.Event().wait()


async def test_all_is_well() -> None:
    assert await health({"a": fine, "b": fine}, "1.2", "quick") == {
        "status": "ok",
        "version": "1.2",
        "decoder": "quick",
        "stores": {"a": "ok", "b": "ok"},
    }


async def test_each_kind_of_failure_is_named_and_tells_no_address() -> None:
    found = await health({"a": fine, "b": away, "c": bug, "d": endless}, "1.2", "quick", patience=0.01)
    assert found["status"] == "unavailable"
    assert found["stores"]["a"] == "ok"
    assert found["stores"]["b"] == "does not answer, or refuses this app's access"
    assert found["stores"]["c"] == "failed in a way this app does not know"
    assert found["stores"]["d"] == "no answer within 0.01 s"
    assert "secret" not in str(found)
