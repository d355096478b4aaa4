"""Machines that somebody invents: an unbound sender names a bounded number of new ones in an hour."""

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.events import cut, temperature, vend
from tests.support.operated_world import World, hub_event, names, reasons
from vending.events.hub_event import HubEvent
from vending.ingest.admission import Quota
from vending.ingest.admit import Admission
from vending.ingest.ingest import IngestStores, ingest
from vending.ingest.name_machines import on_record

THIEF = "dev-thief"


def inventing(count: int, prefix: str = "fake", first: int = 1) -> list[bytes]:
    """A reading of each invented machine."""
    return [temperature(first + n, machine=name, device=THIEF) for n, name in enumerate(names(prefix, count))]


async def test_sixteen_thousand_invented_machines_are_twenty_machines_and_dead_letters() -> None:
    world = World()
    bodies = inventing(16_000)
    for start in range(0, len(bodies), 2_000):
        # All within the hour: the hub takes 16,000 events in in seconds.
        batch = [
            hub_event(n, body, publisher=THIEF, enqueued=world.now)
            for n, body in enumerate(bodies[start : start + 2_000], start)
        ]
        await world.ingest(batch)
    assert len(world.fleet()) == 20
    assert reasons(world) == ["too-many-machines"] * 15_980
    (document,) = [one for one in world.conditions.bodies("conditions") if one["shard"] == 0]
    assert len(document["named"]["machines"]) == 20  # what is remembered is bounded too


async def test_nothing_is_stored_of_a_machine_that_is_refused() -> None:
    world = World(quota=Quota(0))
    await world.arrive(vend(1, machine="fake", device=THIEF), publisher=THIEF)
    assert (world.machines.items, world.conditions.bodies("conditions")) == ({}, [])
    assert reasons(world) == ["too-many-machines"]


async def test_an_hour_later_as_many_again() -> None:
    world = World(quota=Quota(3))
    await world.arrive(*inventing(5), publisher=THIEF)
    world.number += 3_600
    await world.arrive(*inventing(5, "later", 10), publisher=THIEF)
    assert world.known() == {"fake-0", "fake-1", "fake-2", "later-0", "later-1", "later-2"}


async def test_a_machine_that_is_known_is_not_counted() -> None:
    world = World(quota=Quota(1))
    for _ in range(3):
        await world.arrive(temperature(world.number + 1, machine="m1", device="dev-1"), publisher="dev-1")
    await world.arrive(temperature(9, machine="m2", device="dev-1"), publisher="dev-1")
    assert world.known() == {"m1"}
    await world.arrive(temperature(10, machine="m1", device="dev-1"), publisher="dev-1")
    assert reasons(world) == ["too-many-machines"]


async def test_machines_of_the_catalog_are_let_in_whatever_their_number() -> None:
    """A gateway that serves a whole building on its first day."""
    world = World(quota=Quota(1))
    await world.places(*names("fake", 30))
    await world.arrive(*inventing(31), publisher=THIEF)
    assert world.known() == {*names("fake", 30), "fake-30"}
    await world.places("late")
    await world.arrive(temperature(99, machine="late", device=THIEF), publisher=THIEF)
    assert "late" in world.known()


async def test_the_operators_own_credential_and_bound_ones_have_no_quota() -> None:
    world = World(quota=Quota(1, bound=lambda publisher: publisher == THIEF))
    await world.arrive(*inventing(50))
    await world.arrive(*inventing(50, "bound", 100), publisher=THIEF)
    assert len(world.known()) == 100
    assert not world.dead()


async def test_a_refused_event_that_comes_again_is_refused_again() -> None:
    """Its machine was let in since, in the next hour of one batch, which a throttled store has repeated."""
    world = World(quota=Quota(1))
    world.number = 3_600 - 20 * 60 - 2  # two events before the hour
    bodies = [temperature(n, machine=name, device=THIEF) for n, name in enumerate(["a", "b", "b"], 1)]
    batch = world.sent(*bodies, publisher=THIEF)
    await world.ingest(batch)
    assert world.dead() == {batch[1].position: "too-many-machines"}
    held = world.fleet()
    outcome = await world.ingest(batch)
    assert [hub.position for hub, _ in outcome.refusals] == [batch[1].position]
    assert world.fleet() == held
    assert held["b"]["seen"][:2] == [1, 3]


async def test_who_counts_by_an_old_document_lets_nobody_be_refused() -> None:
    """What ingest remembers may be old (the owner moved); a refusal rests on what is stored."""
    world = World(quota=Quota(1))
    await world.arrive(temperature(1, machine="a", device=THIEF), publisher=THIEF)
    old = World(quota=Quota(1))
    old.conditions.items = world.conditions.items.copy()
    await world.arrive(temperature(2, machine="b"))
    batch = world.sent(temperature(3, machine="b", device=THIEF), publisher=THIEF)
    stores = IngestStores(world.machines, old.conditions, world.deadletters, admission=world.admission)
    old.conditions.write = world.conditions.write  # type: ignore[method-assign]
    old.conditions.read = world.conditions.read  # type: ignore[method-assign]
    outcome = await ingest(batch, stores, "test")
    assert not outcome.refusals


def hours(events: list[HubEvent], dice: random.Random) -> list[HubEvent]:
    """Some of the partition's events come after a pause of hours."""
    later = timedelta()
    spread = []
    for event in events:
        later += timedelta(minutes=dice.choice((0, 0, 0, 0, 0, 25, 70, 200)))
        spread.append(
            hub_event(event.sequence, event.body, **_sender(event), enqueued=event.enqueued + later)
        )
    return spread


def _sender(event: HubEvent) -> dict[str, str]:
    name = event.system.get("x-opt-publisher")
    return {} if name is None else {"publisher": str(name)}


@given(st.integers(0, 2**32))
@settings(max_examples=60)
async def test_however_a_partition_is_cut_into_batches_the_verdicts_are_the_same(seed: int) -> None:
    dice = random.Random(seed)
    events = []
    for number in range(40):
        device = dice.choice(["dev-1", "dev-2", THIEF])
        body = (vend if dice.random() < 0.3 else temperature)(
            number + 1, machine=f"m{dice.randrange(12)}", device=device
        )
        events.append(hub_event(number, body, publisher=dice.choice([device, device, None])))
    events = hours(events, dice)
    quota = Quota(dice.randrange(4))
    at_once, live, rebuilt = World(quota=quota), World(quota=quota), World()
    for event in events:
        await at_once.ingest([event])
    for batch in cut(events, dice):
        await live.ingest(batch)
    assert (live.dead(), live.state()) == (at_once.dead(), at_once.state())
    # A rebuild judges by what is on record: whatever the quota is by now.
    rebuilt.admission = Admission(rebuilt.exclusions, await on_record(live.deadletters))
    await rebuilt.ingest(events)
    assert (rebuilt.dead(), rebuilt.state()) == (live.dead(), live.state())
