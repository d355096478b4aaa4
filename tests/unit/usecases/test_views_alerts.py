"""Open alerts as the API tells them."""

from datetime import datetime
from typing import Any

import pytest

from tests.fakes import FakeDocuments
from vending.domain.alerts import Finding, judge
from vending.domain.clock import millis
from vending.errors import Transient
from vending.ports import Put
from vending.usecases import views_alerts
from vending.usecases.views import ViewStores

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")


@pytest.fixture
def held() -> FakeDocuments:
    return FakeDocuments("machineId")


def stores(held: FakeDocuments) -> ViewStores:
    nothing = FakeDocuments("id")
    return ViewStores(FakeDocuments("machineId"), nothing, held, nothing, nothing)


async def find(held: FakeDocuments, machine: str, rule: Any, component: str, at: int, *bad: bool) -> None:
    """A rule that judges a component so, one judgement after the other."""
    for order, state in enumerate(bad, start=1):
        name = f"current:{rule}:{component}"
        stored = await held.read(machine, name)
        finding = Finding(machine, rule, component, (order,), state, at + order, {"order": order})
        for body in judge(stored.body if stored else None, finding, at):
            known = await held.read(machine, body["id"])
            await held.write(machine, [Put(body, known.etag if known else None)])


async def test_open_alerts_newest_first_and_how_many(held: FakeDocuments) -> None:
    at = millis(NOW)
    await find(held, "m1", "sold-out", "A1", at, True)
    await find(held, "m2", "sold-out", "B2", at + 60_000, True, False, True)
    await find(held, "m1", "cold-chain", "main", at + 30_000, True)
    await find(held, "m3", "sold-out", "A1", at, True, False)
    found = await views_alerts.alerts(stores(held), 2, NOW)
    assert found["open"] == 3
    assert found["alerts"] == [
        {
            "machineId": "m2",
            "rule": "sold-out",
            "component": "B2",
            "title": "Selection B2 is sold out",
            "since": "2026-03-02T12:01:00.003Z",
            "episode": 2,
            "notification": "waiting",
            "detail": {"order": 3},
        },
        found["alerts"][1],
    ]
    assert found["alerts"][1]["title"] == "Zone main is too warm"
    assert views_alerts.counted(await views_alerts.open_alerts(stores(held), NOW)) == {
        "open": 3,
        "byRule": {"cold-chain": 1, "sold-out": 2},
        "soldOut": 2,
    }
    assert [alert["rule"] for alert in await views_alerts.alerts_of(stores(held), "m1")] == [
        "cold-chain",
        "sold-out",
    ]


async def test_a_rule_of_a_newer_version_keeps_its_name(held: FakeDocuments) -> None:
    await find(held, "m1", "exact-change", "EUR", 0, True)
    (alert,) = await views_alerts.alerts_of(stores(held), "m1")
    assert alert["title"] == "exact-change EUR"


async def test_a_newer_schema_is_waited_for(held: FakeDocuments) -> None:
    await find(held, "m1", "sold-out", "A1", 0, True)
    stored = await held.read("m1", "current:sold-out:A1")
    assert stored
    await held.write("m1", [Put(stored.body | {"schema": 2}, stored.etag)])
    with pytest.raises(Transient, match="schema 2"):
        await views_alerts.alerts(stores(held), 10, NOW)
