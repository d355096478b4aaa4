"""Machines that the catalog does not place: nobody waits for them, so their silence is no alert."""

from datetime import UTC, datetime, timedelta

from tests.support.events import temperature
from tests.support.operated_world import World, names
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.sweep import evaluate_conditions
from vending.catalog.machines import CatalogMachines

HOUR = timedelta(hours=1)


class Swept(World):
    """Sweeps, each with the catalog as it is."""

    async def sweep(self, now: datetime) -> dict[str, str]:
        """State by machine of the silent alerts, after a sweep."""
        stores = AlertStores(self.machines, self.conditions, self.alerts, self.notifications)
        placed = await CatalogMachines(self.catalog).named()
        await evaluate_conditions(stores, now, HOUR, placed)
        return {x["machineId"]: x["state"] for x in self.alerts.bodies("alert") if x["rule"] == "silent"}


async def test_invented_machines_raise_no_alert_and_real_ones_do() -> None:
    world = Swept()
    await world.places("m1")
    await world.arrive(temperature(1), *[temperature(1, machine=name) for name in names("fake", 20)])
    later = world.now + 3 * HOUR
    assert await world.sweep(later) == {"m1": "open"}
    assert [x["machineId"] for x in world.notifications.messages] == ["m1"]


async def test_without_a_catalog_every_machine_counts_as_placed() -> None:
    """Who never imported one has no other list of machines than who speaks."""
    world = Swept()
    await world.arrive(temperature(1), temperature(1, machine="m2"))
    later = world.now + 3 * HOUR
    assert await world.sweep(later) == {"m1": "open", "m2": "open"}
    await world.places("m1")  # the first import places some: the others' alerts close
    assert await world.sweep(later) == {"m1": "open", "m2": "closed"}
    await world.places("m2")
    assert await world.sweep(later) == {"m1": "open", "m2": "open"}


async def test_a_machine_that_is_placed_later_is_judged_on_the_same_silence() -> None:
    world = Swept()
    await world.places("m1")
    await world.arrive(temperature(1, machine="m2"))
    later = world.now + 3 * HOUR
    assert await world.sweep(later) == {}
    await world.places("m2")
    assert await world.sweep(later) == {"m2": "open"}
    assert await world.sweep(later) == {"m2": "open"}
    assert len(world.notifications.messages) == 1


async def test_a_silence_that_was_judged_before_the_catalog_had_a_part_in_it_ends() -> None:
    """Alerts of earlier versions hold (epoch, sequence, quiet)."""
    world = Swept()
    await world.arrive(temperature(1))
    later = world.now + 3 * HOUR
    assert await world.sweep(later) == {"m1": "open"}
    (alert,) = world.alerts.bodies("alert")
    world.alerts.put(alert | {"judged": [1, 1, 1]})
    await world.places("m1")
    world.number = int((later - datetime(2026, 3, 1, 12, 20, tzinfo=UTC)).total_seconds())
    await world.arrive(temperature(2, time=later.isoformat()))
    assert await world.sweep(later) == {"m1": "closed"}
