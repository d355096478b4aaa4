"""``vendctl smoke``: is what was deployed alive? Every function is indexed, and a new event reaches the API.

The event is a test vend (no money, in no product's figures) of a machine called ``smoke-test``, marked as
imported, so that nobody is told when that machine then falls silent. Each run is a new device epoch of it.
The hub comes from the app settings in the environment (EVENTHUB…, TELEMETRY_HUB) or from ``--settings``; a
host that checks keys wants its master key, in the environment as FUNCTIONS_KEY.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec

from vendctl.environment import load
from vending.adapters.clients import hub_producer
from vending.adapters.hub_sender import EventHubSender
from vending.errors import Transient

MACHINE = "smoke-test"
POLL = 1.0
ANSWER_SECONDS = 30
"""How long one request may take; a cold start is among them."""


class NotAlive(Exception):
    """What was still wrong when the time was over."""


@dataclass(frozen=True)
class App:
    """The deployed app, over HTTP."""

    session: aiohttp.ClientSession
    url: str
    key: str | None
    deadline: float

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and the answer's JSON (None where it is none). Status 0: nobody answers."""
        headers = {"x-functions-key": self.key} if self.key else {}
        try:
            async with self.session.get(f"{self.url}{path}", headers=headers) as answer:
                status, body = answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            return 0, None
        try:
            return status, msgspec.json.decode(body)
        except msgspec.DecodeError:
            return status, None

    async def until(self, question: Callable[[], Awaitable[str | None]]) -> None:
        """Ask until nothing is wrong. Raises NotAlive with what still is when the time is over."""
        while wrong := await question():
            if asyncio.get_running_loop().time() > self.deadline:
                raise NotAlive(wrong)
            await asyncio.sleep(POLL)

    async def indexed(self, expected: Set[str]) -> str | None:
        """Whether the host knows every function."""
        status, found = await self.get("/admin/functions")
        if status != 200 or not isinstance(found, list):
            return f"GET /admin/functions: {status or 'no answer'}"
        missing = expected - {str(function.get("name")) for function in found}
        return f"not indexed: {', '.join(sorted(missing))}" if missing else None

    async def healthy(self) -> str | None:
        """Whether the app reaches its stores."""
        status, found = await self.get("/api/health")
        if status == 200:
            return None
        stores = found.get("stores", {}) if isinstance(found, dict) else {}
        wrong = [f"{name}: {said}" for name, said in sorted(stores.items()) if said != "ok"]
        return f"GET /api/health: {status or 'no answer'} {', '.join(wrong)}".rstrip()

    async def arrived(self, epoch: int) -> str | None:
        """Whether the API shows the vend of that epoch."""
        path = f"/api/v1/machines/{MACHINE}/sales"
        status, found = await self.get(path)
        if status == 404:
            return f"the event of epoch {epoch} was sent and is not in the API: {MACHINE} is unknown"
        if status != 200 or not isinstance(found, dict):
            return f"GET {path}: {status or 'no answer'}"
        there = any(line["epoch"] == epoch for line in found["sales"])
        return None if there else f"the event of epoch {epoch} was sent and is not in the API"


def event(now: datetime) -> tuple[int, bytes]:
    """The test vend and its device epoch."""
    epoch = int(now.timestamp())
    body = {
        "specversion": "1.0",
        "id": f"{epoch}-{1:012d}",
        "source": f"/devices/{MACHINE}",
        "subject": f"machines/{MACHINE}",
        "type": "io.vendstream.vend.completed.v1",
        "time": now.isoformat(),
        "clocksync": "import",
        "deviceepoch": epoch,
        "sequence": 1,
        "ledgersequence": 1,
        "data": {
            "vendId": f"smoke-{epoch}", "selection": "A1", "priceMinor": 0, "currency": "XTS",
            "quantity": 1, "paymentMethod": "test", "paidMinor": 0,
        },
    }  # fmt: skip
    return epoch, msgspec.json.encode(body)


async def smoke(
    app: App, expected: Set[str], environment: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """The three checks in order. Raises NotAlive."""
    await app.until(lambda: app.indexed(expected))
    say(f"{len(expected)} functions are indexed")
    await app.until(app.healthy)
    say("the app reaches its stores")
    epoch, body = event(datetime.now(UTC))
    hub = environment["TELEMETRY_HUB"]
    sender = EventHubSender(hub_producer(environment, "EVENTHUB", hub))
    try:
        await sender.send(body, MACHINE, {})
    except Transient as fault:
        raise NotAlive(str(fault)) from fault
    finally:
        await sender.close()
    say(f"sent a test vend to {hub}")
    await app.until(lambda: app.arrived(epoch))
    say("the API shows it")


def functions() -> set[str]:
    """The functions of this checkout, as the indexer sees them."""
    import function_app

    return {str(function.get_function_name()) for function in function_app.app.get_functions()}


async def _run(url: str, wait: float, environment: Mapping[str, str]) -> None:
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        deadline = asyncio.get_running_loop().time() + wait
        app = App(session, url.rstrip("/"), environment.get("FUNCTIONS_KEY") or None, deadline)
        await smoke(app, functions(), environment, print)


def main(argv: list[str]) -> int:
    """The command: 0 when alive, 1 with what is wrong."""
    parser = argparse.ArgumentParser(prog="vendctl smoke", description=__doc__)
    parser.add_argument("--url", default="http://localhost:7071", help="of the app, without a path")
    parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    parser.add_argument("--wait", type=float, default=600, help="seconds that all of it may take")
    asked = parser.parse_args(argv)
    environment = load(asked.settings, os.environ)
    if not environment.get("TELEMETRY_HUB"):
        parser.error("set TELEMETRY_HUB and the hub's connection, or name a file with --settings")
    try:
        asyncio.run(_run(asked.url, asked.wait, environment))
    except NotAlive as fault:
        print(f"not alive: {fault}", file=sys.stderr)
        return 1
    return 0
