"""Quarantine and forgetting, judged by the hub's time: one verdict whenever an event is judged (P3, P4)."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import oracle as truth
from tests.support.events import cut, level, temperature, vend
from tests.support.operated_world import World, reasons
from vendctl.operations.exclude import NotYet, Who, quarantine, release
from vending.adapters.remembering import CONDITIONS, STOCKS, RememberedDocuments
from vending.archive.append import archive
from vending.documents.exclusions import KIND, LIST_ID
from vending.errors import Transient
from vending.events.event import Event
from vending.events.hub_event import HubEvent
from vending.ingest.exclusion_list import Change, ExclusionList, read, write
from vending.ingest.exclusions import KEPT_FOR, Exclusion, Scope
from vending.ingest.ingest import IngestStores, ingest
from vending.ports import Put
from vending.time import millis

ONE: dict[str, Any] = {"machine": "m1", "device": "dev-1"}


async def test_events_of_a_quarantine_are_kept_and_change_nothing() -> None:
    world = World()
    await world.arrive(vend(1), temperature(2), vend(1, machine="m2", device="dev-2"))
    before = world.state()
    await world.quarantine("m1")
    await world.arrive(vend(3, ledger=2), level(4, 9), temperature(5, 20.0))
    assert (world.state(), reasons(world)) == (before, ["quarantined"] * 3)
    await world.arrive(vend(2, machine="m2", device="dev-2"))
    assert world.stock("m2")["totals"]["vends"] == 2
    await world.release("m1")
    await world.arrive(vend(3, ledger=2))
    assert world.stock("m1")["totals"]["vends"] == 2
    found = await world.account()
    assert (found.lost, found.dead_lettered) == (0, 2)  # the third was sent again, and counts
    assert (await world.rebuilt()).named == []


async def test_a_device_alone_and_epochs_alone() -> None:
    world = World()
    await quarantine(Scope(("m1",), "thief"), Who(), world.catalog, millis(world.now))
    await quarantine(Scope(("m1",), "", 7), Who(), world.catalog, millis(world.now))
    world.wait()
    await world.arrive(vend(1), vend(1, device="thief"), vend(1, device="other", epoch=7), vend(1, epoch=6))
    assert world.stock()["applied"] == {"dev-1/1": [[1, 1]], "dev-1/6": [[1, 1]]}


async def test_a_batch_of_before_that_is_judged_after_is_let_in() -> None:
    """Ingest was a day behind when the operator put the machine in quarantine."""
    world = World()
    late = world.sent(vend(1), vend(2))
    await world.quarantine("m1")
    after = world.sent(vend(3))
    await world.ingest([*late, *after])
    assert world.stock()["applied"] == {"dev-1/1": [[1, 2]]}
    assert world.dead() == {after[0].position: "quarantined"}


async def test_an_exclusion_begins_later_than_any_older_list_is_used() -> None:
    """A process that has just read the list knows of the exclusion before the first event that it is for."""
    world = World()
    await world.arrive(vend(1))
    began = await quarantine(Scope(("m1",)), Who(), world.catalog, millis(world.now))
    assert began.since - millis(world.now) >= 2 * KEPT_FOR.total_seconds() * 1000
    await world.arrive(vend(2))
    assert not world.dead()
    world.wait()
    await world.arrive(vend(3))
    assert reasons(world) == ["quarantined"]


async def test_a_fleet_without_exclusions_pays_one_small_read_in_a_while() -> None:
    world = World()
    await world.arrive(vend(1))
    before = world.catalog.requests
    for number in range(2, 6):
        batch = world.sent(vend(number))
        world.clock.now = 1.0
        await ingest(batch, world.stores, "test")
    assert world.catalog.requests == before
    world.clock.now += KEPT_FOR.total_seconds()
    await ingest(world.sent(vend(6)), world.stores, "test")
    assert world.catalog.requests == before + 1


async def test_what_changed_is_read_and_not_all_of_it() -> None:
    world = World()
    for number in range(3):
        await quarantine(Scope((f"m{number}",)), Who(), world.catalog, number)
    held = await read(world.catalog)
    await release("m1", "", world.catalog, 10_000)
    asked: list[Any] = []
    select = world.catalog.select

    def counted(key: str | None, *where: Any, fields: Any = ()) -> Any:
        asked.append(where[-1])
        return select(key, *where, fields=fields)

    world.catalog.select = counted  # type: ignore[method-assign]
    newer = await read(world.catalog, held)
    assert asked == [("version", ">", 3)]
    assert {x.scope.machines[0]: x.until for x in newer.all.values()} == {
        "m0": None,
        "m1": 40_000,
        "m2": None,
    }


async def test_two_operators_at_once_leave_both_or_one_is_told() -> None:
    world = World()
    stored = await world.catalog.read(KIND, LIST_ID)
    assert stored is None
    fault = world.catalog.fault

    def first(operation: str, key: str) -> None:
        if operation == "write":
            world.catalog.fault = fault
            body = {"id": "exclusions", "kind": "exclusion", "type": "exclusions", "schema": 1, "number": 1}
            version = next(world.catalog._versions)
            world.catalog.items["exclusion", "exclusions"] = (version, body)

    world.catalog.fault = first
    with pytest.raises(Transient, match="run this one again"):
        await quarantine(Scope(("m1",)), Who(), world.catalog, 0)


async def test_a_list_that_goes_back_and_newer_code_make_ingest_wait() -> None:
    world = World()
    await quarantine(Scope(("m1",)), Who(), world.catalog, 0)
    held = await read(world.catalog)
    with pytest.raises(Transient, match="a lagging read"):
        await read(World().catalog, held)
    stored = await world.catalog.read("exclusion", "00000001-0")
    assert stored is not None
    await world.catalog.write("exclusion", [Put(stored.body | {"schema": 2}, stored.etag)])
    with pytest.raises(Transient, match="deploy the newer version"):
        await world.arrive(vend(1))


@pytest.mark.parametrize("judge", ["vending.ingest.exclusions.Exclusions", "vending.ingest.admission.Naming"])
async def test_a_bug_in_a_judge_costs_the_event_that_hits_it(
    judge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: its neighbours are applied."""

    def trips(self: object, event: Event) -> None:
        if event.machine == "m1":
            raise ZeroDivisionError

    monkeypatch.setattr(f"{judge}.judge", trips)
    world = World()
    await world.arrive(vend(1), vend(1, machine="m2"), publisher="dev-1")
    assert (world.known(), reasons(world)) == ({"m2"}, ["defect"])


async def test_while_the_catalog_is_away_ingest_waits_and_writes_nothing() -> None:
    world = World()
    await world.arrive(vend(1))
    before = world.state()

    def away(operation: str, key: str) -> None:
        raise Transient("throttled")

    world.catalog.fault = away
    world.number += 60
    with pytest.raises(Transient, match="throttled"):
        await world.ingest(world.sent(vend(2), b"poison"))
    assert (world.state(), world.dead()) == (before, {})


async def test_release_names_what_is_still_shut_out() -> None:
    world = World()
    await world.quarantine("m1", "thief")
    with pytest.raises(NotYet, match=r"m1 is not in quarantine \(in quarantine: thief\)"):
        await world.release("m1")
    await world.release("m1", "thief")
    assert (await read(world.catalog)).quarantine("m1") is None


async def test_a_batch_that_was_begun_before_the_machine_was_mended_puts_nothing_back() -> None:
    """A stale owner judges by the list that it began with, and reads the documents when they are mended."""
    world = World()
    stolen = await world.arrive(vend(1, device="thief"), temperature(2, 3.0, device="thief"))
    await world.arrive(vend(1), temperature(2))
    world.clock.now = 0.0
    held = {name: getattr(world, name) for name in ("machines", "conditions", "deadletters", "catalog")}
    stale = World(**held)
    await stale.exclusions.current()
    await world.quarantine("m1")
    await world.forget("m1", "thief")
    mended = world.state()
    world.machines.fault = world.conditions.fault = lambda operation, key: None
    with pytest.raises(Transient, match="was mended by exclusions 2, this batch was judged by 0"):
        await ingest(stolen, stale.stores, "test")
    assert world.state() == mended
    outcome = await ingest(stolen, stale.stores, "test")  # delivered again: by the new list
    assert (outcome.forgotten, outcome.applied, world.state()) == (2, 0, mended)


async def test_what_a_process_remembers_is_forgotten_with_the_machine() -> None:
    """Else the frozen registers that it remembers would let it drop the honest reading as nothing new."""
    world = World()
    stocks = RememberedDocuments(world.machines, STOCKS)
    readings = RememberedDocuments(world.conditions, CONDITIONS)

    def moved() -> None:
        stocks.clear()
        readings.clear()

    known = ExclusionList(world.catalog, moved, world.clock)
    admission = replace(world.admission, exclusions=known)
    stores = IngestStores(stocks, readings, world.deadletters, admission=admission)

    async def take(*bodies: bytes) -> None:
        batch = world.sent(*bodies)
        await archive(batch, world.archived)
        world.clock.now = float(world.number)
        await ingest(batch, stores, "test")

    await take(
        temperature(9, 3.0, epoch=2_145_999_999), vend(1, epoch=2_145_999_999), temperature(1, machine="m2")
    )
    await world.quarantine("m1")
    await world.forget("m1", epoch_from=1000)
    await world.release("m1")
    await take(temperature(1, 40.0), vend(2))
    assert world.fleet()["m1"]["temp:main"][3] == 40.0
    assert world.stock()["applied"] == {"dev-1/1": [[2, 2]]}
    assert (await world.rebuilt()).named == []


@pytest.mark.parametrize(
    "held",
    [
        Exclusion("x", "quarantine", Scope(("m1",)), reason="a", by="b"),
        Exclusion("x", "forget", Scope(("a", "b"), "dev", 3), since=5, until=9, at=4, finished=True),
    ],
)
async def test_an_exclusion_is_stored_whole(held: Exclusion) -> None:
    world = World()
    await write(world.catalog, [Change(held)])
    assert (await read(world.catalog)).all == {"x": replace(held, recorded=1)}


@given(st.integers(0, 2**32))
@settings(max_examples=40)
async def test_live_with_exclusions_equals_a_rebuild_with_exclusions(seed: int) -> None:
    """Whatever operators do between batches of any size, however late these are; and nothing is lost."""
    dice = random.Random(seed)
    world = World()
    bodies = truth.events(dice, 3, 60)
    behind: list[HubEvent] = []

    async def catch_up() -> None:
        for batch in cut(behind, dice):
            await archive(batch, world.archived)
            try:
                await world.ingest(batch)
            except Transient:  # judged by a list that a mended document outdates: delivered again
                await world.ingest(batch)
        behind.clear()

    for _ in range(12):
        behind += world.sent(*[dice.choice(bodies) for _ in range(dice.randrange(8))])
        if dice.random() < 0.6:
            await catch_up()
        machine, device = f"m{dice.randrange(3)}", dice.choice(["", "dev-0-0", "dev-1-0"])
        try:
            what = dice.randrange(5)
            if what == 0:
                await world.quarantine(machine, device)
            elif what == 1:
                await world.release(machine, device)
            elif what == 2:
                await world.quarantine(machine)
                behind += world.sent(*dice.choices(bodies, k=3))
                await catch_up()
                await world.forget(machine, device, dice.choice([0, 0, 2]))
            elif what == 3:
                await world.roll_up()
        except NotYet:
            continue
    await catch_up()
    assert (await world.rebuilt()).named == []
    found = await world.account()
    assert (found.lost, found.doubled, found.lost_events) == (0, 0, [])
