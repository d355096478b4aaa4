"""Open alerts as the API tells them."""

from datetime import datetime
from typing import Any

import pytest
from msgspec import to_builtins

from tests.support import alerts as raised
from tests.support.fakes import FakeDocuments
from tests.support.plain import alerts
from vendctl import deployed
from vending.alerts import rules
from vending.alerts.rules.evidence import GivenUp, Registers
from vending.alerts.transitions import Finding
from vending.errors import Transient
from vending.ports import Put
from vending.state import conditions
from vending.time import millis
from vending.views import alert_list
from vending.views.alert_list import AlertQuery
from vending.views.stores import ViewStores

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")


@pytest.fixture
def held() -> FakeDocuments:
    return FakeDocuments("machineId")


def stores(held: FakeDocuments) -> ViewStores:
    nothing = FakeDocuments("id")
    return ViewStores(FakeDocuments("machineId"), nothing, held, nothing, nothing)


async def listed(stores: ViewStores, limit: int) -> dict[str, Any]:
    """The open alerts as JSON."""
    page: dict[str, Any] = to_builtins(await alert_list.alerts(stores, AlertQuery(limit=limit), NOW))
    return page


async def find(held: FakeDocuments, machine: str, rule: Any, component: str, at: int, *firing: bool) -> None:
    """A rule that finds a component so, one evaluation after the other."""
    for order, state in enumerate(firing, start=1):
        finding = Finding(machine, rule, component, (order,), state, at + order, {"order": order})
        await raised.find(held, finding, at)


async def test_open_alerts_newest_first_and_how_many(held: FakeDocuments) -> None:
    at = millis(NOW)
    await find(held, "m1", "sold-out", "A1", at, True)
    await find(held, "m2", "sold-out", "B2", at + 60_000, True, False, True)
    await find(held, "m1", "cold-chain", "main", at + 30_000, True)
    await find(held, "m3", "sold-out", "A1", at, True, False)
    found = await listed(stores(held), 2)
    assert found["open"] == 3
    assert found["alerts"] == [
        {
            "alertId": "sold-out:B2",
            "machineId": "m2",
            "site": None,
            "siteName": None,
            "route": None,
            "severity": "info",
            "state": "open",
            "closedAt": None,
            "ended": None,
            "rule": "sold-out",
            "component": "B2",
            "title": "Selection B2 is sold out",
            "since": "2026-03-02T12:01:00.003Z",
            "episode": 2,
            "notification": "waiting",
            "detail": {"order": 3},
            "acknowledged": None,
            "owner": None,
            "snoozedUntil": None,
            "level": 0,
            "note": None,
        },
        found["alerts"][1],
    ]
    assert found["alerts"][1]["title"] == "Zone main is too warm"
    assert alerts.counted((await alerts.open_alerts(stores(held), NOW)).views) == {
        "open": 3,
        "byRule": {"cold-chain": 1, "sold-out": 2},
        "soldOut": 2,
    }
    assert [alert["rule"] for alert in await alerts.alerts_of(stores(held), "m1", NOW)] == [
        "cold-chain",
        "sold-out",
    ]


def heard(machine: str, at: int) -> FakeDocuments:
    """Conditions in which the machine's newest event is of that time (ms)."""
    found = FakeDocuments("id")
    register = {"seen": [1, 1, at, "ntp"]}
    body = conditions.empty("0", 0).dump() | {"schema": 1, "machines": {machine: register}}
    found.items["0:0", "0:0"] = ("1", body)
    return found


@pytest.mark.parametrize(("minutes", "shown"), [(59, 0), (61, 1)])
async def test_a_machine_that_speaks_again_is_not_told_as_silent(
    held: FakeDocuments, minutes: int, shown: int
) -> None:
    """The sweep closes the alert later; the machine's state is online at once."""
    await find(held, "m1", "silent", "machine", 0, True)
    nothing = FakeDocuments("id")
    registers = heard("m1", millis(NOW) - minutes * 60_000)
    found = ViewStores(FakeDocuments("machineId"), registers, held, nothing, nothing)
    assert (await listed(found, 10))["open"] == shown
    assert len(await alerts.alerts_of(found, "m1", NOW)) == shown


async def test_times_among_the_facts_of_an_alert_are_iso(held: FakeDocuments) -> None:
    """docs/api.md: times are ISO 8601. Stored they are milliseconds."""
    facts = {"lastSeen": millis(NOW), "goodUntil": millis(NOW) - 1, "celsius": 9.5, "limitSeconds": 60}
    finding = Finding("m1", "cold-chain", "main", (1,), True, millis(NOW), facts)
    await raised.find(held, finding, 0)
    (alert,) = await alerts.alerts_of(stores(held), "m1", NOW)
    times = {"lastSeen": "2026-03-02T12:00:00.000Z", "goodUntil": "2026-03-02T11:59:59.999Z"}
    assert alert["detail"] == facts | times


async def test_every_fact_that_a_rule_states_in_milliseconds_is_told_as_a_time() -> None:
    """A rule that names a new time would otherwise tell people 1772452800000."""
    at, early = 1_772_452_800_000, 1_700_000_000_000
    entry: Any = {"seen": [1, 1, early, "ntp"], "temp:main": [1, 2, at, 9.5], "good:main": [1, 1, early, 4.0]}
    said = {
        "fault:coin:EAR": True, "door": True, "power": "off", "cash": [], "cashbox:bills": 450,
        "locked:main": 3, "firmware": "4.2.1",
    }  # fmt: skip
    entry |= {name: [1, 3, at, value] for name, value in said.items()}
    found = rules.findings(Registers("m1", entry, at, 60_000))
    assert {finding.rule for finding in found} == {rule.name for rule in rules.on(Registers)}
    found += rules.findings(GivenUp([], at, {"mail": early}))
    details = [fact for one in found for fact in one.detail.items()]
    stated = {name for name, value in details if isinstance(value, int) and value > 10**12}
    assert stated == {fact for kind in (Registers, GivenUp) for rule in rules.on(kind) for fact in rule.times}


async def test_a_rule_of_a_newer_version_keeps_its_name(held: FakeDocuments) -> None:
    await find(held, "m1", "tilted", "EUR", 0, True)
    (alert,) = await alerts.alerts_of(stores(held), "m1", NOW)
    assert alert["title"] == "tilted EUR"


async def test_a_newer_schema_is_waited_for(held: FakeDocuments) -> None:
    await find(held, "m1", "sold-out", "A1", 0, True)
    stored = await held.read("m1", "current:sold-out:A1")
    assert stored
    await held.write("m1", [Put(stored.body | {"schema": 2}, stored.etag)])
    with pytest.raises(Transient, match="schema 2"):
        await listed(stores(held), 10)


async def test_the_alert_of_the_smoke_test_is_seen_at_its_machine_and_in_no_list(held: FakeDocuments) -> None:
    await find(held, deployed.MACHINE, "sold-out", deployed.SELECTION, millis(NOW), True)
    await find(held, "m1", "sold-out", "A1", millis(NOW), True)
    found = await listed(stores(held), 9)
    assert ([alert["machineId"] for alert in found["alerts"]], found["open"]) == (["m1"], 1)
    (own,) = await alerts.alerts_of(stores(held), deployed.MACHINE, NOW)
    assert own["notification"] == "waiting"


async def test_alerts_that_cannot_be_read_are_counted_and_hide_no_other(held: FakeDocuments) -> None:
    for machine in ("m1", "m2", "m3"):
        await find(held, machine, "sold-out", "A1", millis(NOW), True)
    held.damage("m2", "current:sold-out:A1", episode="first")
    undelivered = {"id": "undelivered:1", "machineId": "m1", "type": "undelivered", "state": "open"}
    held.put(undelivered | {"schema": 1})
    found = await listed(stores(held), 9)
    assert {alert["machineId"] for alert in found["alerts"]} == {"m1", "m3"}
    assert (found["open"], found["defective"], found["undelivered"]) == (2, 1, 1)
