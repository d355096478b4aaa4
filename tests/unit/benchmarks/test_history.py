"""The past that the bench of everything begins with: its day is open, and counted early."""

import asyncio

from benchmarks.arrivals import Day
from benchmarks.history import History
from vending.documents.base import load
from vending.documents.days import BucketDay, FleetDay, MachineDay
from vending.documents.pages import LedgerPage
from vending.documents.rollup_state import OpenDays
from vending.rollups import tree

DATE = "2026-11-19"


def test_the_day_is_open_and_every_sale_of_it_is_in_the_buckets_and_in_the_tree_none() -> None:
    history, day = History(), Day(machines=24, hours=5)
    asyncio.run(history.live(day))
    fleet, machines = history.documents["fleet"], history.documents["machines"]
    (held,) = (load(body, OpenDays) for body in fleet.bodies(OpenDays.type))
    assert [one.date for one in held.days] == [DATE]
    whole = load(fleet.items["fleet", f"day:{DATE}"][1], FleetDay)
    lines = [line for body in machines.bodies("page") for line in load(body, LedgerPage).lines]
    sold = sum(line["kind"] == "vend" and line["payment"] not in ("free", "test") for line in lines)
    assert tree.total(whole)["vends"] == sold > 24
    buckets = [load(body, BucketDay) for body in fleet.bodies(BucketDay.type)]
    assert len(fleet.bodies("siteDay")) == len(whole.children) == 0
    first = [load(body, MachineDay) for body in machines.bodies("day")]
    entries = {machine: one for bucket in buckets for machine, one in bucket.early.items()}
    assert {one.machine_id for one in first} == entries.keys()
    assert sum(one.figures.get("vends", 0) for one in first) < sold  # computed with the first sale alone
