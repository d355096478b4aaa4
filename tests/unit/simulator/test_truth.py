"""The truth: against the application's own core, and against plain sums over the events."""

import json
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.compare import Stored, differences
from simulator.demand import DAY
from simulator.extremes import FAULTS as EXTREMES
from simulator.fleet import Fleet
from simulator.link import FAULTS, Delivery
from simulator.timeline import Timeline
from simulator.truth import Truth, describe
from tests.support.fakes import FakeBlobs, FakeDocuments
from tests.unit.simulator.deliveries import START, hub_event, partition_of
from vending.catalog.machines import CatalogMachines
from vending.ingest.admission import Quota
from vending.ingest.admit import Admission
from vending.ingest.exclusion_list import ExclusionList
from vending.ingest.ingest import IngestStores, ingest
from vending.ingest.name_machines import NewMachines
from vending.state import books


def told(timeline: Timeline, days: float) -> tuple[dict[str, object], list[tuple[int, Delivery]]]:
    """The truth of a fleet whose every delivery was acknowledged."""
    truth = Truth()
    deliveries = list(timeline.until(START + int(days * DAY)))
    for _, delivery in deliveries:
        truth.acknowledge(timeline.units[delivery.machine].model.spec.id, delivery)
    return json.loads(json.dumps(describe(truth, timeline.devices()))), deliveries


async def applied(deliveries: list[tuple[int, Delivery]], size: int) -> Stored:
    """The deliveries through the application's ingest, batch by batch of each hub partition."""
    catalog, conditions = FakeDocuments("kind"), FakeDocuments("id")
    naming = NewMachines(CatalogMachines(catalog), conditions, Quota())
    admission = Admission(ExclusionList(catalog), naming)
    stores = IngestStores(FakeDocuments("machineId"), conditions, FakeBlobs(), admission=admission)
    partitions: dict[str, list[tuple[int, Delivery]]] = {}
    for at, delivery in deliveries:
        partitions.setdefault(partition_of(delivery.key), []).append((at, delivery))
    for partition, own in partitions.items():
        events = [hub_event(number, at, delivery, partition) for number, (at, delivery) in enumerate(own)]
        for first in range(0, len(events), size):
            await ingest(events[first : first + size], stores, "test")
    return await stored(stores)


async def stored(stores: IngestStores) -> Stored:
    found = Stored()
    async for row in stores.machines.select(None):
        found.machine(row.body)
    async for row in stores.conditions.select(None):
        found.condition(row.body)
    async for name in stores.deadletters.names():
        for line in (await stores.deadletters.read(name)).splitlines():
            found.dead_letter(json.loads(line))
    return found


async def test_ingest_and_truth_agree_on_what_no_ordinary_device_does() -> None:
    """Holes, products, registers and machines without bound, other machines' names, corrupt epochs, and the
    ordinary faults beside them."""
    faults = frozenset(FAULTS) | EXTREMES.keys()
    truth, deliveries = told(Timeline(Fleet(3, 10), faults, START), 1)
    assert {delivery.reason for _, delivery in deliveries} >= {"forged-identity", "epoch-not-issued"}
    assert differences(truth, await applied(deliveries, 37)) == []


@pytest.mark.parametrize("seed", [3, 4])
async def test_ingest_and_truth_agree_on_an_awkward_fleet(seed: int) -> None:
    truth, deliveries = told(Timeline(Fleet(seed, 10), frozenset(FAULTS), START), 2)
    assert differences(truth, await applied(deliveries, 37)) == []


async def test_bodies_that_are_no_data_are_each_one_dead_letter_and_nobodys_event() -> None:
    """As they end after `vendctl partitions clear`; before it, verify says what may be behind it."""
    truth, deliveries = told(Timeline(Fleet(3, 10), frozenset({"binary-bodies", "poison"}), START), 2)
    bodies = [delivery for _, delivery in deliveries if delivery.section]
    assert {delivery.section for delivery in bodies} == {"value", "sequence"}
    assert differences(truth, await applied(deliveries, 37)) == []
    without = [due for due in deliveries if not due[1].section]
    (difference,) = differences(truth, await applied(without, 37))
    assert difference == (
        f"dead letters amqp-body: truth {len(bodies)}, stored 0"
        " (their partitions stand until they are cleared: vendctl partitions)"
    )


async def test_numbers_that_were_given_up_are_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices that skip every other ledger number: the stock's intervals cover what it closed."""
    monkeypatch.setattr(books, "MAX_HOLES", 5)
    timeline, truth = Timeline(Fleet(5, 3), frozenset(), START), Truth()
    sent = [x for x in timeline.until(START + DAY) if json.loads(x[1].body).get("ledgersequence", 1) % 2]
    for _, delivery in sent:
        truth.acknowledge(timeline.units[delivery.machine].model.spec.id, delivery)
    found = await applied(sent, 37)
    assert sum(stock["closed"]["holes"] for stock in found.stocks.values()) > 20
    assert differences(describe(truth, timeline.devices()), found) == []
    for stock in found.stocks.values():
        book, held = stock["applied"].popitem()
        stock["applied"][book] = held[:-1]
    assert len(differences(describe(truth, timeline.devices()), found)) == len(found.stocks)
    for retired, count in ((1, 0), (0, len(found.stocks))):
        for stock in found.stocks.values():
            stock |= {"applied": {}, "closed": stock["closed"] | {"epochs": retired}}
        assert len(differences(describe(truth, timeline.devices()), found)) == count


async def test_every_kind_of_damage_is_seen() -> None:
    truth, deliveries = told(Timeline(Fleet(5, 6), frozenset(FAULTS), START), 1)
    vend = next(x for x in deliveries if b"vend.completed" in x[1].body and x[1].kind == "event")
    missing = differences(truth, await applied([x for x in deliveries if x is not vend], 50))
    machine = f"vm-{vend[1].machine + 1:05d}"
    assert any(line.startswith(f"{machine}: lines vends: truth") for line in missing)
    poison = next(x for x in deliveries if x[1].kind == "poison")
    assert differences(truth, await applied([x for x in deliveries if x is not poison], 50)) != []
    whole = await applied(deliveries, 50)
    book = next(iter(whole.books.values()))
    name, held = next(iter(book.ledger.items()))
    page = {"deviceId": name.split("/")[0], "epoch": int(name.split("/")[1])}
    book.read(page | {"lines": [{"ledger": held[0][0], "kind": "restock"}]})
    assert any("is in the ledger twice" in line for line in differences(truth, whole))


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_truth_does_not_depend_on_the_order(random: Random) -> None:
    timeline = Timeline(Fleet(9, 3), frozenset(FAULTS), START)
    truth, deliveries = told(timeline, 1)
    random.shuffle(deliveries)
    shuffled = Truth()
    for _, delivery in deliveries:
        shuffled.acknowledge(timeline.units[delivery.machine].model.spec.id, delivery)
    assert json.loads(json.dumps(describe(shuffled, timeline.devices()))) == truth


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), faults=st.frozensets(st.sampled_from(sorted(FAULTS))))
def test_truth_is_the_sum_of_the_distinct_events(seed: int, faults: frozenset[str]) -> None:
    timeline = Timeline(Fleet(seed, 4), faults, START)
    truth, distinct, dead, again = Truth(), {}, 0, 0
    for _, delivery in timeline.until(START + DAY):
        before = truth.totals()
        truth.acknowledge(timeline.units[delivery.machine].model.spec.id, delivery)
        totals = truth.totals()
        assert not any(totals[name] < before[name] for name in before if name != "revenue")
        if delivery.kind == "poison":
            dead += 1
            continue
        event = json.loads(delivery.body)
        again += (event["source"], event["id"]) in distinct
        distinct[event["source"], event["id"]] = event
    vends = [x["data"] for x in distinct.values() if x["type"] == "io.vendstream.vend.completed.v1"]
    revenue: Counter[str] = Counter()
    for vend in vends:
        revenue[vend["currency"]] += vend["paidMinor"]
    totals = truth.totals()
    assert totals["vends"] == sum(x["paymentMethod"] not in ("free", "test") for x in vends)
    assert totals["units"] == sum(x["quantity"] for x in vends if x["paymentMethod"] != "test")
    assert totals["revenue"] == {name: amount for name, amount in sorted(revenue.items()) if amount}
    assert (totals["events"], totals["duplicates"], totals["deadLetters"]) == (len(distinct), again, dead)


async def test_poison_that_was_sent_again_in_doubt_may_be_there_twice() -> None:
    timeline = Timeline(Fleet(8, 6), frozenset({"poison"}), START)
    deliveries = list(timeline.until(START + DAY))
    poison = next(x for x in deliveries if x[1].kind == "poison")
    twice = [*deliveries, poison]
    seen = await applied(twice, 50)
    truth = Truth()
    for _, delivery in deliveries:
        truth.acknowledge(timeline.units[delivery.machine].model.spec.id, delivery)
    (found,) = differences(describe(truth, {}), seen)
    assert found.startswith(f"dead letters {poison[1].reason}: truth ")
    poison[1].doubtful = 1
    truth.doubt(poison[1])
    assert differences(describe(truth, {}), seen) == []
