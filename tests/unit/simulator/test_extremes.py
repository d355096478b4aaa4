"""Faults that only happen where they are named: what they send, and that they change nothing else."""

import json
from collections import Counter

import pytest

from simulator.demand import DAY
from simulator.extremes import FAULTS, HOLES, INVENTED
from simulator.faults import KNOWN
from simulator.fleet import Fleet
from simulator.link import FAULTS as ORDINARY
from simulator.link import Delivery
from simulator.timeline import Timeline
from simulator.truth import Truth, describe
from tests.unit.simulator.deliveries import START


def sent(*faults: str, machines: int = 10) -> list[Delivery]:
    timeline = Timeline(Fleet(3, machines), frozenset(faults), START)
    return [delivery for _, delivery in timeline.until(START + DAY)]


def test_they_are_in_no_fleet_that_does_not_name_them() -> None:
    assert not FAULTS.keys() & ORDINARY.keys()
    assert FAULTS.keys() < KNOWN.keys()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_other_machines_are_what_they_are_without(fault: str) -> None:
    quiet, loud = sent("duplicates"), sent("duplicates", fault)
    (number,) = {one.machine for one in loud if one not in quiet}
    assert [one for one in loud if one.machine != number] == [one for one in quiet if one.machine != number]
    assert sent("duplicates", fault) == loud


def test_too_many_products() -> None:
    skus = Counter(
        json.loads(one.body)["data"]["sku"]
        for one in sent("many-products")
        if b"vend.completed" in one.body and one.machine == 0
    )
    assert len(skus) > 10
    assert max(skus.values()) == 1
    assert {len(sku) for sku in skus} == {64}


def test_a_thousand_holes() -> None:
    truth = Truth()
    timeline = Timeline(Fleet(3, 10), frozenset({"thousand-holes", "reordering"}), START)
    for _, delivery in timeline.until(START + DAY):
        truth.acknowledge(timeline.fleet.machine(delivery.machine).id, delivery)
    told = describe(truth, timeline.devices())["machines"]
    (hurt,) = (own for own in told.values() if own["holes"])
    assert sum(len(gaps) for gaps in hurt["holes"].values()) == HOLES
    assert (hurt["lost"], hurt["lines"]["failures"] >= HOLES) == (HOLES, True)
    assert hurt["faults"]["thousand-holes"] == 1


def test_wide_registers_are_kept_as_a_reader_keeps_them() -> None:
    truth = Truth()
    for delivery in sent("wide-registers"):
        truth.acknowledge(str(delivery.machine), delivery)
    conditions = describe(truth, {})["machines"]["2"]["conditions"]
    families = Counter(name.partition(":")[0] for name in conditions)
    assert (families["temp"], families["fault"]) == (8, 32)
    zones = {name for name in conditions if name.startswith("temp:zone")}
    assert zones <= {f"temp:zone-{number}" for number in range(12, 20)}


def test_invented_machines_are_named_by_a_credential_that_says_no_machine() -> None:
    invented = [one for one in sent("invented-machines") if one.publisher]
    assert len({json.loads(one.body)["subject"] for one in invented}) == len(invented) == INVENTED
    assert {one.publisher for one in invented} == {f"{Fleet(3, 10).device(3, 0)}-inventor"}


def test_control_characters_are_a_megabyte() -> None:
    long = [one for one in sent("control-characters") if one.reason == "oversize"]
    assert long
    assert all(one.body == b"\x01" * 1_000_000 for one in long)
