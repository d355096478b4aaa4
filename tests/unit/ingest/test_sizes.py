"""How large documents get: an ordinary machine's, and those that somebody tries to blow up."""

import itertools
import json
from typing import Any

import pytest

from tests.support.events import World, body, delivered, level, vend
from vending.events.publishers import MAX_UNSIGNED_EPOCH
from vending.state import conditions
from vending.state.books import MAX_BOOKS, MAX_HOLES
from vending.state.intervals import holes
from vending.state.shelf import ONLY_FAILED
from vending.state.slots import FAILURES
from vending.state.stock import MAX_CURRENCIES, MAX_SLOTS
from vending.state.till import OWED, SPANS


def size(document: dict[str, object]) -> int:
    return len(json.dumps(document, separators=(",", ":")))


async def test_a_machine_of_sixty_slots_has_an_ordinary_document() -> None:
    """A restock with capacities, then ten days of sales: 12 units a slot, numbers as after two years."""
    world = World()
    slots = [f"{row}{column}" for row in "ABCDEF" for column in range(1, 11)]
    counted = [{"selection": x, "level": 12, "capacity": 15} for x in slots]
    start = 200_000
    sent = [body("inventory.level", {"selections": counted}, start)]
    sold = itertools.islice(itertools.cycle(slots), 700)
    sent += [vend(start + 5 * n, x, ledger=9_000 + n, epoch=1) for n, x in enumerate(sold, 1)]
    for first in range(0, len(sent), 100):
        await world.take(*delivered(sent[first : first + 100], first=first))
    assert size(world.stock()) <= 6_000


async def test_a_hostile_device_cannot_blow_up_its_machine() -> None:
    world = World()
    far, epoch = 999_999_999_999, MAX_UNSIGNED_EPOCH
    name = "d" * 62  # and two digits: the longest
    slots = [f"{n:016d}" for n in range(MAX_SLOTS)]
    # Sparse numbers, the longest texts, as many slots, books, currencies and holes as fit, and then more.
    levels = [{"selection": x, "level": 0, "capacity": 250} for x in slots]
    sent = [body("inventory.level", {"selections": levels}, 1, epoch=epoch, device=name)]
    numbers = itertools.count(far, -1)
    for unit in range(60):
        sent += [
            vend(
                far - 130_000_000 * (unit * MAX_SLOTS + n), x, ledger=next(numbers), epoch=epoch, device=name
            )
            for n, x in enumerate(slots)
        ]
    # Every slot jams, selections are made up, and much is owed.
    unpaid = {"vendId": "v", "reason": "motor", "priceMinor": 9**9, "currency": "EUR", "refunded": False}
    jams = enumerate([*slots, *(f"{n:x>16}" for n in range(99))] * 6)
    sent += [
        body(
            "vend.failed", unpaid | {"selection": x}, far - n, ledger=next(numbers), epoch=epoch, device=name
        )
        for n, x in jams
    ]
    gaps = itertools.count(900_000_000_000, 2)
    failed = {"vendId": "v", "selection": "A1", "reason": "motor"}
    others = list(range(MAX_BOOKS + 20)) * (MAX_HOLES // MAX_BOOKS + 20)
    sent += [
        body("vend.failed", failed, 6, ledger=next(gaps), epoch=epoch - 99 + n, device=f"{name}{n:02}")
        for n in others
    ]
    codes = map("".join, itertools.product("ABCDE", repeat=3))
    sent += [
        vend(
            far - 7 - n,
            slots[0],
            data={"currency": next(codes)},
            ledger=next(numbers),
            epoch=epoch,
            device=name,
        )
        for n in range(40)
    ]
    sent.append(vend(7, "new", ledger=next(numbers), epoch=epoch, device=name))
    for first in range(0, len(sent), 500):
        await world.take(*delivered(sent[first : first + 500], first=first))
    held = world.stock()
    assert 90_000 < size(held) <= 120_000
    assert set(world.dead().values()) == {"epoch-retired", "wrong-schema"}
    assert len(held["slots"]) == MAX_SLOTS + ONLY_FAILED
    assert sum(len(slot[3]) == FAILURES for slot in held["slots"].values() if slot[3:]) > MAX_SLOTS
    assert (len(held["till"]["cash"]), len(held["till"]["owed"])) == (SPANS, OWED)
    assert len(held["applied"]) == MAX_BOOKS
    assert sum(map(holes, held["applied"].values())) == MAX_HOLES
    assert len(held["closed"]["below"]) >= MAX_BOOKS - 1
    assert len(held["totals"]["revenue"]) <= MAX_CURRENCIES


async def test_machines_share_documents_up_to_five_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "MACHINES_PER_DOCUMENT", 20)
    monkeypatch.setattr(conditions, "grown", lambda *_: True)
    world = World()
    sent = [body("door", {"open": True}, 1, machine=f"m{n}", device=f"d{n}") for n in range(50)]
    for first in range(0, 50, 7):
        await world.take(*delivered(sent[first : first + 7], first=first))
    await world.take(*delivered([body("door", {"open": False}, 2, machine="m0", device="d0")], first=50))
    *shards, young = world.conditions.bodies("conditions")
    assert [len(x["machines"]) for x in shards] == [20, 20, 10]
    assert young["machines"].keys() == {"m0"}
    before = dict(world.conditions.items)
    await world.take(*delivered(sent, first=51))
    assert world.conditions.items == before


async def test_hostile_readings_cannot_blow_up_a_partitions_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "FULL_BYTES", 40_000)
    world = World()
    number = itertools.count(1)
    for _ in range(12):
        sent = []
        for machine in range(4):
            for n in range(40):
                fault = {"component": f"{n:02}" * 32, "code": f"{next(number):064d}"}
                who: dict[str, Any] = {"machine": f"m{machine}", "device": f"d{machine}"}
                sent.append(body("fault.raised", fault, next(number), **who))
                sent.append(body("temperature", {"zone": f"{n:064d}", "celsius": 9.5}, next(number), **who))
        await world.take(*delivered(sent))
        await world.take(*delivered([vend(next(number), machine=f"q{n}", device="d") for n in range(40)]))
    sizes = [size(document) for document in world.conditions.bodies("conditions")]
    assert max(sizes) < 60_000
    for machine in range(4):
        faults = [x for x in world.fleet()[f"m{machine}"] if x.startswith("fault:")]
        assert len(faults) == conditions.FAMILIES["fault"]
        registers = world.fleet()[f"m{machine}"]
        assert size(dict(registers)) <= 8_200  # what the comment at FAMILIES says


async def test_an_uncounted_machine_that_sold_for_a_year_is_still_small() -> None:
    world = World()
    slots = [f"{row}{column}" for row in "ABCDEF" for column in range(1, 11)]
    sold = itertools.islice(itertools.cycle(slots), 9_000)
    sent = [vend(30 * n, x, ledger=n) for n, x in enumerate(sold, 1)]
    for first in range(0, len(sent), 1000):
        await world.take(*delivered(sent[first : first + 1000], first=first))
    assert size(world.stock()) <= 36_000
    await world.take(*delivered([level(30 * 8_000, 5)], first=9_000))
    assert world.stock()["slots"]["A1"][0] == [1, 240_000, 5]
