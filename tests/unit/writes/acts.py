"""An open alert, and people who write to it over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.alerts import find
from tests.support.fakes import FakeDocuments
from vending.alerts.attend import AlertName
from vending.alerts.transitions import Finding
from vending.errors import Transient
from vending.ports import Documents
from vending.time import millis
from vending.writes.alert_acts import ActOnAlert, AlertAct
from vending.writes.perform import perform
from vending.writes.refusals import Refusal
from vending.writes.request import Answer, Asked, IfMatch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = AlertName("m1", "sold-out", "21")
LATER = timedelta(minutes=2)
"""When whoever got no answer asks again: no claim lasts so long."""


class World:
    """The stores."""

    def __init__(self) -> None:
        self.alerts = FakeDocuments("machineId")
        self.writes = FakeDocuments("scope")

    async def opened(self, order: int = 1) -> "World":
        """The selection is sold out."""
        await find(self.alerts, _finding(order, firing=True), millis(NOW))
        return self

    async def cleared(self, order: int) -> None:
        """It was filled."""
        await find(self.alerts, _finding(order, firing=False), millis(NOW))

    async def version(self) -> str:
        """Of the alert."""
        stored = await self.alerts.read(NAME.machine, NAME.id)
        assert stored
        return stored.etag

    def alert(self) -> dict[str, Any]:
        """As it is stored."""
        [body] = self.alerts.bodies("alert")
        return body

    def audited(self) -> list[dict[str, Any]]:
        """The records, in order."""
        return self.writes.bodies("audit-record")

    def key_is_free(self) -> None:
        """Nobody is at any request: what was claimed may be taken over at once."""
        for (scope, name), (_, body) in list(self.writes.items.items()):
            if body["type"] == "request":
                self.writes.damage(scope, name, running_until=0)


async def asking(
    stores: tuple[Documents, Documents],
    asked: tuple[str, str | None],
    act: AlertAct,
    condition: IfMatch = IfMatch(),  # noqa: B008 - it never changes
    now: datetime = NOW,
) -> Answer | Refusal | Transient:
    """``asked``: who, under which key. What is answered, or why not."""
    alerts, writes = stores
    by, key = asked
    wanted = Asked(by, f"alert {type(act).__name__}", f"alerts/{NAME}", repr(act), key)
    try:
        return await perform(wanted, ActOnAlert(alerts, NAME, act, condition), writes, now)
    except (Refusal, Transient) as fault:
        return fault


def _finding(order: int, *, firing: bool) -> Finding:
    return Finding("m1", "sold-out", "21", (1, order), firing, millis(NOW), {"onHand": 0, "capacity": 8})
