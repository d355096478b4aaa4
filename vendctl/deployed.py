"""A deployed app, asked over HTTP whether its functions do their work."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import aiohttp

from vendctl import json_answers
from vendctl.managed import ManagedApp

MACHINE, SELECTION = "smoke-test", "T1"
"""The machine that does not exist, and the selection of it that sells out."""
POLL = 1.0


class NotAlive(Exception):
    """What was still wrong when the time was over."""


@dataclass(frozen=True)
class App:
    """The deployed app, over HTTP."""

    session: aiohttp.ClientSession
    url: str
    key: str | None
    deadline: float
    managed: ManagedApp | None = None
    """Who lists the functions; None: the host itself, which wants its master key for it."""
    token: Callable[[], Awaitable[str]] | None = None
    """What signs in where people do: a token of Entra ID for the app; None: the key opens it."""

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and the answer's JSON (None where it is none). Status 0: nobody answers."""
        headers = {"x-functions-key": self.key} if self.key else {}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {await self.token()}"
        return await json_answers.get(self.session, f"{self.url}{path}", headers)

    def unlike(self, path: str, status: int) -> str:
        """An answer that is none of those that are hoped for; with the address where nobody answers."""
        return f"GET {path}: {status}" if status else f"GET {self.url}{path}: no answer"

    async def until(self, question: Callable[[], Awaitable[str | None]]) -> None:
        """Ask until nothing is wrong. Raises NotAlive with what still is when the time is over."""
        while wrong := await question():
            if asyncio.get_running_loop().time() > self.deadline:
                raise NotAlive(wrong)
            await asyncio.sleep(POLL)

    async def indexed(self, expected: Set[str]) -> str | None:
        """Whether the host knows every function."""
        asked, found = await (self.managed.functions() if self.managed else self._listed())
        if found is None:
            return asked
        missing = expected - {str(function.get("name")) for function in found}
        if missing:
            return f"not indexed: {', '.join(sorted(missing))}"
        off = sorted(one["name"] for one in found if one.get("isDisabled") and one.get("name") in expected)
        return f"disabled: {', '.join(off)}" if off else None

    async def _listed(self) -> tuple[str, list[dict[str, Any]] | None]:
        status, found = await self.get("/admin/functions")
        asked = f"GET /admin/functions: {status or 'no answer'}"
        return asked, found if status == 200 and isinstance(found, list) else None

    async def healthy(self) -> str | None:
        """Whether the app reaches its stores."""
        status, found = await self.get("/api/health")
        if status == 200:
            return None
        stores = found.get("stores", {}) if isinstance(found, dict) else {}
        wrong = [f"{name}: {said}" for name, said in sorted(stores.items()) if said != "ok"]
        said = found.get("settings", "ok") if isinstance(found, dict) else "ok"
        wrong += [said] if said != "ok" else []
        return f"{self.unlike('/api/health', status)} {', '.join(wrong)}".rstrip()

    async def arrived(self, epoch: int) -> str | None:
        """Whether the API shows the vend of that epoch."""
        path = f"/api/v1/machines/{MACHINE}/sales"
        status, found = await self.get(path)
        if status == 404:
            return f"the event of epoch {epoch} was sent and is not in the API: {MACHINE} is unknown"
        if status != 200 or not isinstance(found, dict):
            return self.unlike(path, status)
        there = any(line["epoch"] == epoch for line in found["sales"])
        return None if there else f"the event of epoch {epoch} was sent and is not in the API"

    async def counted(self, days: Iterable[str]) -> int | str:
        """How many test vends the machine's rolled-up days hold; where that is not told, what is wrong."""
        count = 0
        for day in days:
            path = f"/api/v1/machines/{MACHINE}?day={day}"
            status, found = await self.get(path)
            if status == 404:
                return 0
            if status != 200 or not isinstance(found, dict):
                return self.unlike(path, status)
            count += found["day"]["figures"].get("test", 0) if found["day"] else 0
        return count

    async def rolled_up(self, days: Sequence[str], before: int) -> str | None:
        """Whether the days of the machine hold a test vend more than before."""
        count = await self.counted(days)
        if isinstance(count, str):
            return count
        late = f"roll_up_shard: the vend is in none of {MACHINE}'s days; roll_up fires by ROLL_UP_SCHEDULE"
        return None if count > before else late

    async def alert(self) -> dict[str, Any] | str | None:
        """The open alert of the machine's test selection, or None; where that is not told, what is wrong."""
        path = f"/api/v1/machines/{MACHINE}"
        status, found = await self.get(path)
        if status != 200 or not isinstance(found, dict):
            return self.unlike(path, status)
        held: list[dict[str, Any]] = found["alerts"]
        return next((one for one in held if (one["rule"], one["component"]) == ("sold-out", SELECTION)), None)

    async def told(self) -> str | None:
        """Whether the alert opened and its notification was taken. Raises NotAlive where it was refused."""
        alert = await self.alert()
        if isinstance(alert, str):
            return alert
        if alert is None:
            return f"watch_machines: {SELECTION} of {MACHINE} is empty, and no alert is open"
        if alert["notification"] == "refused":
            raise NotAlive(f"notify: the receiver refused the notification of {MACHINE}; the log says why")
        late = f"notify: the notification of {MACHINE}'s alert is in the queue and nobody took it"
        return None if alert["notification"] == "taken" else late

    async def calm(self) -> str | None:
        """Whether the alert is closed."""
        alert = await self.alert()
        if isinstance(alert, str):
            return alert
        return f"watch_machines: {SELECTION} of {MACHINE} is full, and its alert is open" if alert else None
