"""What ingest counted of refused events becomes alerts about the app."""

from datetime import timedelta

from tests.support.events import NOON, World, hub_event, vend
from tests.support.fakes import FakeDocuments, FakeQueue
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.watch_refusals import gathered, watch_refusals
from vending.documents.refusal_counts import RefusalCounts

HOUR = timedelta(hours=1)


async def test_many_dead_letters_and_a_conflict_open_alerts_that_close_by_themselves() -> None:
    world, alerts = World(), FakeDocuments("machineId")
    stores = AlertStores(world.machines, world.conditions, alerts, FakeQueue())
    assert await watch_refusals(stores, NOON + HOUR) == 0
    await world.take(*[hub_event(number, b"no", partition=str(number % 4)) for number in range(60)])
    await world.take(hub_event(60, vend(1)), hub_event(61, vend(1, price=9), key="dev-1"))
    assert await watch_refusals(stores, NOON + HOUR) == 2
    before = world.conditions.requests
    assert await watch_refusals(stores, NOON + HOUR) == 0
    assert world.conditions.requests == before + 1, "one query, however many partitions"

    def states() -> dict[str, str]:
        return {alert["rule"]: alert["state"] for alert in alerts.bodies("alert")}

    assert states() == {"dead-letters": "open", "conflicting-ids": "open"}
    await watch_refusals(stores, NOON + 2 * HOUR)
    assert states() == {"dead-letters": "closed", "conflicting-ids": "open"}
    await watch_refusals(stores, NOON + 26 * HOUR)
    assert states() == {"dead-letters": "closed", "conflicting-ids": "closed"}
    assert {alert["machineId"] for alert in alerts.bodies("alert")} == {"$ingest"}


async def test_counts_that_nobody_can_read_hide_no_others() -> None:
    world, alerts = World(), FakeDocuments("machineId")
    stores = AlertStores(world.machines, world.conditions, alerts, FakeQueue())
    world.conditions.put({"id": "refused:9", "type": "refusals", "schema": 1, "hours": 7})
    await world.take(*[hub_event(number, b"no") for number in range(60)])
    assert await watch_refusals(stores, NOON + HOUR) == 1


def test_this_hour_and_the_one_before_count_of_all_partitions() -> None:
    def of(partition: str, **hours: int) -> RefusalCounts:
        counted = {hour.removeprefix("h"): {"oversize": count} for hour, count in hours.items()}
        conflicts = {"dev-1": int(partition), f"dev-{partition}": 5}
        return RefusalCounts(id=partition, partition=partition, hours=counted, conflicts=conflicts)

    found = gathered([of("3", h9=1, h10=2, h11=4, h12=8), of("4", h10=16)], 11 * 3_600_000)
    assert dict(found.reasons) == {"oversize": 2 + 4 + 16}
    assert found.conflicts == {"dev-1": 4, "dev-3": 5, "dev-4": 5}
