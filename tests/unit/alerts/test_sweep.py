"""What a sweep asks of the stores: bounded by documents, not by machines or rules."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.fakes import FakeDocuments, FakeQueue
from vending.alerts import rules, sweep
from vending.alerts.attend import AlertName, Attendant
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.rules import base
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers, Stock
from vending.alerts.rules.register_rule import RegisterRule
from vending.alerts.sweep import evaluate_ageing, evaluate_conditions
from vending.alerts.transitions import REOPENS_AFTER, Finding
from vending.catalog.cataloged import Cataloged
from vending.catalog.machines import AsRead
from vending.documents.conditions import Register
from vending.state import conditions
from vending.time import millis

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PARTITIONS = 3


def fleet(documents: FakeDocuments, machines: int) -> None:
    """A document for each partition, whose machines were all heard of just now."""
    for partition in range(PARTITIONS):
        heard: dict[str, Any] = {
            f"m{partition}-{number}": {"seen": [1, 5, millis(NOW), "ntp"]} for number in range(machines)
        }
        documents.put(conditions.empty(str(partition), 0).dump() | {"machines": heard})


async def test_a_quiet_fleet_costs_three_queries_of_alerts_and_a_point_read_for_each_document() -> None:
    """A query that returns whole conditions documents would cost ten times their point reads."""
    asked: Counter[tuple[str, str]] = Counter()

    def counted(name: str) -> FakeDocuments:
        return FakeDocuments("machineId", lambda operation, _: asked.update([(name, operation)]))

    machines, registers, alerts = counted("machines"), counted("conditions"), counted("alerts")
    registers.key_field = "id"
    fleet(registers, machines=50)
    stores = AlertStores(machines, registers, alerts, FakeQueue())
    assert len(rules.on(Registers)) > 1, "nothing is found out about rules"
    assert await evaluate_conditions(stores, NOW, HOUR) == 0
    assert asked == {
        ("conditions", "select"): 1,
        ("conditions", "read"): PARTITIONS,
        ("alerts", "select"): 2,
    }
    assert await evaluate_ageing(stores, NOW) == 0
    assert asked.total() == PARTITIONS + 4


async def test_all_machines_with_an_ageing_alert_are_evaluated_by_one_reading_of_the_catalog(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    class Counted(AsRead):
        async def named(self) -> Cataloged:
            read.append("catalog")
            return await super().named()

    async def evaluated(body: Mapping[str, Any], stores: AlertStores, now: datetime) -> int:
        await stores.catalog.named()
        return 1

    monkeypatch.setattr(sweep, "evaluate_stock", evaluated)
    machines, registers, alerts = (FakeDocuments(key) for key in ("machineId", "id", "machineId"))
    (rule, *_) = (one.name for one in rules.on(Stock) if one.closes == "time")
    for machine in ("m1", "m2", "m3"):
        machines.put({"id": "stock", "machineId": machine})
        alerts.put({"id": rule, "machineId": machine, "type": "alert", "state": "open", "rule": rule})
    stores = AlertStores(machines, registers, alerts, FakeQueue(), catalog=Counted())
    assert await evaluate_ageing(stores, NOW) == 3
    assert read == ["catalog"]


class Thermostat(RegisterRule, abstract=True):
    """Opens above 8, closes at 5 or below: between the two it is neither."""

    name = "cold-chain"
    family = "temp"
    closes = "evidence"
    severity = "critical"
    title = "Zone {} is too warm"

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding:
        epoch, sequence, at, celsius = register[:4]
        firing = True if celsius > 8 else False if celsius <= 5 else None
        return Finding(evidence.machine, self.name, component, (epoch, sequence), firing, at, {})

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine} warm"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine} cold"


class Warm:
    """One machine with one zone under that rule, and what a sweep asks of its alerts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(base.RULES, "cold-chain", Thermostat())
        self.asked: Counter[str] = Counter()
        nothing = FakeDocuments("machineId")
        self.conditions = FakeDocuments("id")
        self.alerts = FakeDocuments("machineId", lambda operation, key: self.asked.update([key]))
        self.stores = AlertStores(nothing, self.conditions, self.alerts, FakeQueue())
        self.sequence, self.now = 0, NOW

    async def reads(self, celsius: float) -> int:
        """The next reading, and a sweep; how many alerts changed."""
        self.sequence += 1
        registers = {"temp:main": [1, self.sequence, millis(NOW), celsius]}
        self.conditions.put(conditions.empty("0", 0).dump() | {"machines": {"m1": registers}})
        return await self.sweep()

    async def sweep(self) -> int:
        self.asked.clear()
        return await evaluate_conditions(self.stores, self.now, HOUR)

    def episodes(self) -> list[tuple[int, str]]:
        return [(alert["episode"], alert["state"]) for alert in self.alerts.bodies("alert")]


async def test_between_two_thresholds_nothing_changes_and_nobody_asks_for_the_machines_alerts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sensor that flaps about one of the thresholds is one episode."""
    warm = Warm(monkeypatch)
    for celsius in (5.2, 7.9, 8.1, 7.9, 8.1, 5.1):
        await warm.reads(celsius)
        assert warm.episodes() == ([] if warm.sequence < 3 else [(1, "open")])
        assert warm.asked["m1"] == (3 if warm.sequence == 3 else 0)
    assert await warm.reads(4.9) == 1
    for celsius in (5.1, 4.9, 7.9):
        assert await warm.reads(celsius) == 0
    assert warm.episodes() == [(1, "closed")]


async def test_what_is_resolved_by_hand_costs_no_request_while_it_stays_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warm, day = Warm(monkeypatch), timedelta(milliseconds=REOPENS_AFTER)
    await warm.reads(9.0)
    await Attendant(warm.alerts, "ada", NOW).resolve(AlertName("m1", "cold-chain", "main"), "defrosting")
    for celsius in (9.1, 7.0, 9.2):
        assert (await warm.reads(celsius), warm.asked["m1"]) == (0, 0)
    assert await warm.reads(4.0) == 1, "its rule is clear: the next time is told"
    assert await warm.reads(9.3) == 1
    assert warm.episodes() == [(2, "open")]
    await Attendant(warm.alerts, "ada", NOW).resolve(AlertName("m1", "cold-chain", "main"), "defrosting")
    warm.now += day
    assert (await warm.sweep(), warm.asked["m1"]) == (0, 1), "the evidence is still the same"
    assert await warm.reads(9.4) == 1
    assert warm.episodes() == [(3, "open")]
