"""Ingest, decision by decision: what waits, what is refused and why, what a bug costs."""

import pytest

from tests.support.events import World, body, delivered, hub_event, level, temperature, tripping, vend
from vending.errors import Conflict, Transient
from vending.events.event import parse
from vending.events.hub_event import HubEvent
from vending.ports import Put
from vending.retry import ROUNDS
from vending.state import conditions, stock


async def test_a_batch_is_one_write_per_machine_and_one_for_the_readings() -> None:
    world = World()
    batch = delivered(
        [vend(1), vend(2, "A2"), temperature(3), vend(1, machine="m2", device="dev-2"), level(4, 9)]
    )
    outcome = await world.take(*batch)
    assert (outcome.events, list(outcome.refusals), world.machines.requests, world.conditions.requests) == (
        5,
        [],
        4,
        3,
    )
    assert [x["id"] for x in world.machines.bodies("page")] == ["page:dev-1:1:1", "page:dev-2:1:1"]
    assert world.stock()["totals"] == {"vends": 2, "units": 2, "revenue": {"EUR": 300}}
    assert set(world.fleet()) == {"m1", "m2"}


async def test_what_was_seen_before_is_not_written_again() -> None:
    world = World()
    batch = delivered([vend(1), temperature(2), level(3, 5)])
    await world.take(*batch)
    before = dict(world.machines.items), dict(world.conditions.items)
    await world.take(*batch)
    resent = [hub_event(50 + n, event.body) for n, event in enumerate(batch)]
    await world.take(*resent)
    assert (world.machines.items, world.conditions.items) == before
    assert not world.dead()


# --- waiting ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("operation", ["read", "write"])
async def test_a_machine_that_must_wait_holds_back_the_batch_but_not_its_neighbours(operation: str) -> None:
    world = World()
    away = True

    def fault(asked: str, key: str) -> None:
        if away and (asked, key) == (operation, "m1"):
            raise Transient("429", retry_after=2.0)

    world.machines.fault = fault
    batch = delivered([vend(1), vend(1, machine="m2", device="dev-2"), temperature(2), vend(3)])
    with pytest.raises(Transient, match="429") as raised:
        await world.take(*batch)
    assert raised.value.retry_after == 2.0
    assert set(world.stocks()) == {"m2"}
    assert set(world.fleet()) == {"m1", "m2"}
    assert not world.dead()
    away = False
    await world.take(*batch)
    assert len(world.lines()) == 3
    assert not world.dead()


async def test_a_store_of_dead_letters_that_is_away_holds_back_the_batch() -> None:
    world = World()

    def fault(*_: str) -> None:
        raise Transient("503")

    world.deadletters.fault = fault
    with pytest.raises(Transient):
        await world.take(*delivered([vend(1), b"{"]))
    assert len(world.lines()) == 1
    world.deadletters.fault = lambda *_: None
    await world.take(*delivered([vend(1), b"{"]))
    assert world.dead() == {"1/0@1": "not-json"}


@pytest.mark.parametrize("kind", ["stock", "conditions"])
async def test_a_document_of_newer_code_waits(kind: str) -> None:
    world = World()
    await world.take(*delivered([vend(1), temperature(2)]))
    store = world.machines if kind == "stock" else world.conditions
    for _, document in store.items.values():
        document["schema"] += 1
    before = dict(store.items)
    with pytest.raises(Transient, match="deploy the newer version everywhere"):
        await world.take(*delivered([vend(3), temperature(4)], first=2))
    assert store.items == before
    assert not world.dead()


async def test_a_page_of_newer_code_waits() -> None:
    world = World()
    await world.take(*delivered([vend(1)]))
    for _, document in world.machines.items.values():
        document["schema"] += document["type"] == "page"
    with pytest.raises(Transient):
        await world.take(*delivered([vend(1, price=9)], first=2))


@pytest.mark.parametrize("store", ["machines", "conditions"])
async def test_a_document_that_is_always_contended_waits_in_the_end(store: str) -> None:
    world = World()

    def lost(operation: str, key: str) -> None:
        if operation == "write":
            raise Conflict(key)

    getattr(world, store).fault = lost
    with pytest.raises(Transient, match=f"still contended after {ROUNDS} rounds"):
        await world.take(*delivered([vend(1)]))
    assert not world.dead()


async def test_who_loses_a_race_folds_again_into_what_is_there_now() -> None:
    world = World()
    await world.take(*delivered([vend(1)]))
    rival = World()
    await rival.take(*delivered([vend(1)]))
    await rival.take(*delivered([vend(2), vend(3)], first=1))
    first = True

    def overtake(operation: str, key: str) -> None:
        nonlocal first
        if operation == "write" and first:
            first = False
            world.machines.items.update(rival.machines.items)

    world.machines.fault = overtake
    await world.take(*delivered([vend(2), vend(3), vend(4)], first=1))
    assert [line["ledger"] for line in world.lines().values()] == [1, 2, 3, 4]
    assert world.stock()["totals"]["vends"] == 4


async def test_an_answer_that_is_lost_counts_nothing_twice() -> None:
    world = World()

    def lost(*_: str) -> None:
        world.machines.after = lambda *_: None
        raise Transient("connection reset")

    world.machines.after = lost
    batch = delivered([vend(1), vend(2)])
    with pytest.raises(Transient):
        await world.take(*batch)
    await world.take(*batch)
    assert world.stock()["totals"]["vends"] == 2
    assert len(world.lines()) == 2


# --- refusals -----------------------------------------------------------------------------------------------
async def test_every_reason_of_validation() -> None:
    world = World()
    forged = hub_event(5, vend(5, device="dev-9"), system={"x-opt-publisher": "dev-1"})
    poison = delivered([b"{", vend(1, data={"quantity": 0}), body("vend.refunded", {}, 1), b" " * 70_000])
    await world.take(*poison, hub_event(4, vend(4, ledger=1)), forged)
    assert list(world.dead().values()) == [
        "not-json",
        "wrong-schema",
        "unknown-type",
        "oversize",
        "forged-identity",
    ]
    assert len(world.lines()) == 1


async def test_dead_letters_are_one_blob_a_batch_and_never_overwritten() -> None:
    world = World()
    batch = [hub_event(n, b"{") for n in (7, 9)] + [hub_event(8, vend(1))]
    await world.take(*batch)
    (name,) = world.deadletters.committed
    assert name.startswith("1/0/000000000007-000000000009-")
    held = await world.deadletters.read(name)
    await world.take(*reversed(batch))
    assert [await world.deadletters.read(name)] == [held]
    assert len(world.deadletters.committed) == 1
    await world.take(*batch[:1])  # a stale owner's shorter batch
    assert len(world.deadletters.committed) == 2
    assert world.dead() == {"1/0@7": "not-json", "1/0@9": "not-json"}


def conflicting() -> tuple[HubEvent, HubEvent]:
    return hub_event(1, vend(1)), hub_event(2, vend(1, price=999))


async def test_a_second_content_of_one_number_is_a_conflict_in_one_batch() -> None:
    world = World()
    await world.take(*conflicting())
    assert world.dead() == {"1/0@2": "conflict"}
    assert world.stock()["totals"]["revenue"] == {"EUR": 150}


async def test_a_second_content_of_one_number_is_a_conflict_in_another_batch_and_partition() -> None:
    world = World()
    first, second = conflicting()
    await world.take(first)
    await world.take(second)
    await world.take(hub_event(0, second.body, partition="7"))
    assert world.dead() == {"1/0@2": "conflict", "1/7@0": "conflict"}


@pytest.mark.parametrize("apart", [False, True])
async def test_a_conflict_is_found_again_after_a_crash_before_its_dead_letter(apart: bool) -> None:
    """The marks, which spare redelivered events the comparison, must not have passed it by."""
    world = World()
    first, second = conflicting()
    if apart:
        await world.take(first)
    batch = (
        [second, hub_event(3, vend(3, ledger=2))]
        if apart
        else [first, second, hub_event(3, vend(3, ledger=2))]
    )

    def dies(*_: str) -> None:
        raise KeyboardInterrupt

    world.deadletters.fault = dies
    with pytest.raises(KeyboardInterrupt):
        await world.take(*batch)
    assert len(world.lines()) == 2
    world.deadletters.fault = lambda *_: None
    await world.take(*batch)
    assert world.dead() == {"1/0@2": "conflict"}


async def test_a_second_content_of_a_reading_is_a_conflict() -> None:
    world = World()
    await world.take(*delivered([temperature(1, 4.0), temperature(1, 5.0), temperature(2, 6.0)]))
    assert world.dead() == {"1/0@1": "conflict"}
    assert world.fleet()["m1"]["temp:main"][3:] == [6.0]


async def test_a_level_that_contradicts_itself_leaves_no_trace() -> None:
    world = World()
    twice = [{"selection": "A1", "level": 3}, {"selection": "A1", "level": 4}]
    known = [{"selection": "B1", "level": 3}, {"selection": "A1", "level": 4}]
    await world.take(
        hub_event(0, level(1, 9)),
        hub_event(1, body("inventory.level", {"selections": known}, 1)),
        hub_event(2, body("inventory.level", {"selections": twice}, 2)),
    )
    assert world.dead() == {"1/0@1": "conflict", "1/0@2": "wrong-schema"}
    assert stock.on_hand(world.held()) == {"A1": 9}


async def test_a_conditions_document_of_schema_1_is_taken_over() -> None:
    world = World()
    old = conditions.empty("0", 0)
    conditions.put_entry(old, "m1", {"fault:a:b:c": [1, 5, 0, True], "seen": [1, 5, 0, "ntp"]})
    await world.conditions.write("0:0", [Put(old.dump() | {"schema": 1})])
    await world.take(*delivered([body("fault.cleared", {"component": "a:b", "code": "c"}, 6)]))
    assert sorted(world.fleet()["m1"]) == ["fault:a~b:c", "seen"]
    assert world.fleet()["m1"]["fault:a~b:c"][3] is False


# --- defects ------------------------------------------------------------------------------------------------
@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> None:
    tripping(monkeypatch)


def trip(number: int) -> bytes:
    return vend(number, data={"product": "trip"})


async def test_a_bug_costs_the_event_that_hits_it(bug: None) -> None:
    world = World()
    await world.take(*delivered([vend(1), trip(2), vend(3), b"{", vend(1, machine="m2", device="dev-2")]))
    assert world.dead() == {"1/0@1": "defect", "1/0@3": "not-json"}
    assert [number for _, _, _, number in world.lines()] == [1, 3, 1]
    text = b"".join(b"".join(blocks.values()) for _, blocks in world.deadletters.committed.values())
    assert b"ZeroDivisionError: a bug" in text
    assert b'"version":"test"' in text


async def test_isolating_a_bug_notes_no_refusal_twice(bug: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vending.ingest.commit_stock.ROUND_BYTES", 100)
    world = World()
    outcome = await world.take(*delivered([vend(1), vend(1, price=7), trip(2), vend(3)]))
    assert [fault.reason for _, fault in outcome.refusals] == ["conflict", "defect"]


async def test_a_bug_in_a_reading_costs_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    from vending.events.cabinet import Door

    def buggy(data: object, name: str) -> dict[str, list[object]]:
        raise KeyError("a bug")

    monkeypatch.setattr(Door, "registers", buggy)
    world = World()
    await world.take(*delivered([temperature(1), body("door", {"open": True}, 2), vend(3, ledger=1)]))
    assert world.dead() == {"1/0@1": "defect"}
    assert world.fleet()["m1"]["seen"][:2] == [1, 3]


async def test_a_bad_deploy_stops_instead_of_emptying_the_hub(bug: None) -> None:
    world = World()
    batch = delivered([vend(n) for n in range(1, 19)] + [trip(n) for n in range(19, 24)])
    with pytest.raises(RuntimeError, match="5 of 23 events hit a defect"):
        await world.take(*batch)
    assert not world.dead()
    outcome = await world.take(*batch, *delivered([vend(n) for n in range(24, 27)], first=23))
    assert (outcome.defects, len(world.dead())) == (5, 5)


async def test_a_refused_event_says_nothing_of_its_machine() -> None:
    world = World()
    await world.take(*conflicting(), hub_event(3, vend(1, price=5)))
    assert parse(conflicting()[1]).order == (1, 1)
    assert world.fleet()["m1"]["seen"][:2] == [1, 1]
