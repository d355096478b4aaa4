"""What a sweep asks of the stores: bounded by documents, not by machines or rules."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.fakes import FakeDocuments, FakeQueue
from vending.alerts import rules
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.rules.evidence import Registers
from vending.alerts.sweep import evaluate_ageing, evaluate_conditions
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


async def test_a_quiet_fleet_costs_two_queries_of_alerts_and_a_point_read_for_each_document() -> None:
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
        ("alerts", "select"): 1,
    }
    assert await evaluate_ageing(stores, NOW) == 0
    assert asked.total() == PARTITIONS + 3
