"""The whole way in memory, through the real use cases; and every sum that is off is found and named."""

import copy
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.events import hub_event
from tests.support.fakes import FakeBlobs, FakeDocuments, FakeQueue
from vendctl.replay import mapping_file, reconcile, sales, stored
from vendctl.replay.device_events import DeviceEvents, device_events, skus
from vendctl.replay.places import catalog_of
from vendctl.replay.reconcile import FLEET, Key, Mismatch, Sum, compare, totals
from vendctl.replay.report import SHOWN, Outcome, shown
from vendctl.replay.two_readings import ALL_DAYS, all_days, text_totals
from vending.archive.append import archive
from vending.catalog.cache import CatalogCache
from vending.events.hub_event import HubEvent
from vending.ingest.ingest import IngestStores, ingest
from vending.money import amount
from vending.rollups.current_days import CurrentDays
from vending.rollups.shard import roll_up_shard
from vending.rollups.timer import RollUpStores, roll_up
from vending.rollups.tree import OTHER
from vending.writes.import_catalog import import_catalog

SAMPLE = Path(__file__).parents[3] / "examples" / "sales.csv"
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


class App:
    """Ingest, archive and rollups over stores in memory; a hub of two partitions."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.machines = FakeDocuments("machineId")
        self.fleet = FakeDocuments("scope")
        self.archive = FakeBlobs()
        self.ingest = IngestStores(self.machines, FakeDocuments("id"), FakeBlobs())
        self.last: dict[str, int] = {"0": -1, "1": -1}
        self.catalog = FakeDocuments("kind")

    async def take(self, devices: list[DeviceEvents]) -> None:
        for number, device in enumerate(devices):
            partition = str(number % 2)
            batch = [self._delivered(partition, device.device, body) for body in device.bodies]
            await ingest(batch, self.ingest, "test")
            await archive(batch, self.archive)

    def _delivered(self, partition: str, key: str, body: bytes) -> HubEvent:
        self.last[partition] = number = self.last[partition] + 1
        enqueued = NOW + timedelta(milliseconds=number)
        return hub_event(number, body, partition=partition, enqueued=enqueued, key=key)

    async def roll_up(self) -> None:
        zone = "America/New_York"
        queue = FakeQueue()
        cache = CatalogCache(self.catalog, zone)
        stores = RollUpStores(self.machines, self.machines, self.fleet, cache, queue)
        await roll_up(self.now, stores)
        while queue.messages:
            await roll_up_shard(queue.messages.pop(0), self.now, stores)

    async def mismatches(self, file: sales.SalesFile) -> list[Mismatch]:
        sold = reconcile.file_sold(file.sales)
        paid = reconcile.units_apart([one for one in sold if one.paid], "USD")
        ledger = reconcile.ledger_sold(await stored.documents(self.machines, "page"), file.mapping.zone)
        current = CurrentDays(self.machines, self.fleet, self.catalog, fresh_for=timedelta())
        days = await stored.documents(current, "day:")
        fleet = await stored.fleet_days(self.fleet)
        products = {sku: name for name, sku in skus(file.sales).items()}
        return [
            *compare("ledger", totals(sold), totals(ledger)),
            *compare("ledger", text_totals(file), all_days(ledger)),
            *compare("rollup", totals(paid), reconcile.machine_day_totals(days, "USD", products)),
            *compare("fleet day", totals(paid, FLEET), reconcile.fleet_day_totals(fleet, "USD", products)),
        ]

    def page(self, machine: str) -> dict[str, Any]:
        """A stored ledger page, to be tampered with."""
        return next(
            body
            for (key, _), (_, body) in self.machines.items.items()
            if key == machine and body["type"] == "page"
        )


async def replayed(file: sales.SalesFile) -> App:
    app = App()
    await import_catalog(catalog_of(file.sales, file.mapping), app.catalog)
    assert not await stored.catalog_noticed(app.fleet, 1, NOW)
    await app.roll_up()
    assert not await stored.catalog_noticed(app.fleet, 1, NOW), "its machines are due"
    await app.roll_up()
    assert await stored.catalog_noticed(app.fleet, 1, NOW)
    await app.take(device_events(file.sales, file.mapping.zone))
    assert not await stored.caught_up(app.machines, app.fleet)
    await app.roll_up()
    assert await stored.caught_up(app.machines, app.fleet)
    return app


@pytest.fixture
def file() -> sales.SalesFile:
    return sales.read(SAMPLE)


async def test_every_sum_of_the_sample_agrees(file: sales.SalesFile) -> None:
    app = await replayed(file)
    assert await app.mismatches(file) == []
    ledger = reconcile.ledger_sold(await stored.documents(app.machines, "page"), file.mapping.zone)
    assert sum(reconcile.by_machine(ledger, "USD").values(), Sum()) == Sum(
        sum(sale.paid for sale in file.sales), sum(sale.quantity for sale in file.sales)
    )
    assert await stored.archive_gaps(app.archive, "1", app.last) == {}
    assert await stored.dead_letters(app.ingest.deadletters) == {}


async def test_sales_of_today_agree(file: sales.SalesFile) -> None:
    """The last day of the file is open, and its sales come bit by bit."""
    today = max(sale.day for sale in file.sales)
    app = App(datetime.combine(today, time(23), file.mapping.zone))
    await import_catalog(catalog_of(file.sales, file.mapping), app.catalog)
    for _ in range(2):
        await app.roll_up()
    devices = device_events(file.sales, file.mapping.zone)
    longest = max(len(device.bodies) for device in devices)
    for first in range(0, longest, 5):
        await app.take([replace(device, bodies=device.bodies[first : first + 5]) for device in devices])
        await app.roll_up()
    assert [body["id"] for body in app.fleet.bodies("fleetDay") if body.get("early")] == [f"day:{today}"]
    assert await app.mismatches(file) == []
    machine_days = {(sale.machine, sale.day) for sale in file.sales}
    found = await stored.day_count(app.machines, app.fleet)
    assert found == len(machine_days) + 2 * len({day for _, day in machine_days})


async def test_sales_are_counted_at_the_files_locations(file: sales.SalesFile) -> None:
    app = await replayed(file)
    days = await stored.documents(app.machines, "day")
    assert {(day["machineId"], day["site"]) for day in days} == {
        ("x2101", "harbour-ferry-terminal"), ("x2102", "northside-library"),
        ("x2103", "mill-lane-depot"), ("library-cafe", "northside-library"),
    }  # fmt: skip
    assert {day["rev"] for day in days} == {1}, "the catalog came first, so nothing was counted twice"


async def test_free_and_test_vends_are_no_sales(file: sales.SalesFile) -> None:
    methods = {0: "free", 1: "test"}
    mixed = [replace(x, payment=methods.get(i % 9, x.payment)) for i, x in enumerate(file.sales)]
    changed = replace(file, sales=mixed)
    app = await replayed(changed)
    assert await app.mismatches(changed) == []
    assert await app.mismatches(file) != []


async def test_a_second_run_changes_nothing(file: sales.SalesFile) -> None:
    app = await replayed(file)
    digest = await stored.ledger_digest(app.machines)
    before = copy.deepcopy(app.machines.items)
    await app.take(device_events(file.sales, file.mapping.zone))
    await app.roll_up()
    assert app.machines.items == before
    assert await stored.ledger_digest(app.machines) == digest
    assert await app.mismatches(file) == []


async def test_a_tampered_page_is_found_with_machine_and_day(file: sales.SalesFile) -> None:
    app = await replayed(file)
    line = app.page("x2101")["lines"][0]
    line["paidMinor"] += 25
    found = await app.mismatches(file)
    assert {(one.where, one.key.machine, one.key.day) for one in found} == {
        ("ledger", "x2101", "2025-03-08"), ("ledger", "x2101", ALL_DAYS),
    }  # fmt: skip
    whole = next(one for one in found if not one.key.part)
    assert whole.stored.revenue - whole.file.revenue == 25
    assert str(whole) == (
        f"x2101 2025-03-08: the file has {whole.file.revenue} minor units USD and {whole.file.units} units, "
        f"the ledger has {whole.stored.revenue} and {whole.stored.units}"
    )
    assert whole.fields() == {
        "where": "ledger", "machine": "x2101", "day": "2025-03-08", "currency": "USD",
        "fileRevenueMinor": whole.file.revenue, "storedRevenueMinor": whole.stored.revenue,
        "fileUnits": whole.file.units, "storedUnits": whole.stored.units,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "parts"),
    [
        ("payment", "token", {"payment:token", "payment:cashless"}),
        ("product", "Other", {"product:Other", "product:Spring Water 500 ml"}),
        ("at", 1_741_500_000_000, {"", "payment:cashless", "product:Spring Water 500 ml"}),
    ],
)
async def test_what_moves_between_days_products_and_payments_is_found(
    file: sales.SalesFile, field: str, value: object, parts: set[str]
) -> None:
    app = await replayed(file)
    line = app.page("x2101")["lines"][0]
    assert (line["payment"], line["product"]) == ("cashless", "Spring Water 500 ml")
    line[field] = value
    assert {one.key.part for one in await app.mismatches(file)} == parts


async def test_other_currencies_are_not_added_up(file: sales.SalesFile) -> None:
    app = await replayed(file)
    app.page("x2101")["lines"][0]["currency"] = "CAD"
    found = [x for x in await app.mismatches(file) if not x.key.part and x.key.day != ALL_DAYS]
    assert [(one.key.currency, one.file.units > one.stored.units) for one in found] == [
        ("CAD", False), ("USD", True),
    ]  # fmt: skip


async def test_missing_and_wrong_rollups_are_found(file: sales.SalesFile) -> None:
    app = await replayed(file)
    del app.machines.items["x2102", "day:2025-03-09"]
    found = await app.mismatches(file)
    assert {(one.where, one.key.machine, one.key.day) for one in found} == {("rollup", "x2102", "2025-03-09")}
    del app.fleet.items["fleet", "day:2025-11-02"]
    found = await app.mismatches(file)
    assert ("fleet day", "fleet", "2025-11-02") in {(x.where, x.key.machine, x.key.day) for x in found}


def test_products_that_a_rollup_does_not_tell_apart_are_compared_in_sum() -> None:
    """A day with more products than are kept by name: its sum must agree, other days product by product."""

    def day(date: str, **products: int) -> dict[Key, Sum]:
        return {Key("m1", date, "USD", f"product:{name}"): Sum(n, n) for name, n in products.items()}

    file = day("2026-03-01", cola=5, tea=3, nuts=1) | day("2026-03-02", cola=2)
    kept = day("2026-03-01", cola=5, **{OTHER: 4}) | day("2026-03-02", cola=2)
    assert compare("rollup", file, kept) == []
    for wrong in (day("2026-03-01", cola=5, **{OTHER: 3}), day("2026-03-02", tea=2)):
        found = compare("rollup", file, kept | wrong)
        assert {one.key.day for one in found} == {next(iter(wrong)).day}


async def test_gaps_of_the_archive_are_counted(file: sales.SalesFile) -> None:
    app = await replayed(file)
    gone = min(app.archive.committed)
    held = app.archive.committed.pop(gone)
    app.last["1"] += 3
    gaps = await stored.archive_gaps(app.archive, "1", app.last)
    assert held
    assert gaps == {"0": app.last["0"] + 1, "1": 3}
    assert await stored.archive_gaps(app.archive, "2", {"0": -1, "1": 0}) == {"1": 1}


async def test_dead_letters_are_counted_by_reason(file: sales.SalesFile) -> None:
    app = App()
    bad = [DeviceEvents("x1", "replay-x1", [b"{}", b"not json"])]
    await app.take([*bad, *device_events(file.sales, file.mapping.zone)])
    assert await stored.dead_letters(app.ingest.deadletters) == {"not-json": 1, "wrong-schema": 1}
    assert await app.mismatches(file) != []


def outcome(**changes: object) -> Outcome:
    usual = Outcome("USD", "America/New_York", 3, 3, 1, {"x1": Sum(350, 2), "x2": Sum(100, 1)})
    return replace(usual, **changes)  # type: ignore[arg-type]


def test_the_figures_of_a_good_run() -> None:
    figures = outcome().figures()
    assert json.loads(json.dumps(figures)) == figures
    assert (figures["revenueMinor"], figures["units"], figures["mismatches"]) == (450, 3, [])
    assert figures["machines"] == {
        "x1": {"revenueMinor": 350, "units": 2}, "x2": {"revenueMinor": 100, "units": 1},
    }  # fmt: skip
    assert outcome().faults() == []


def test_every_fault_is_told() -> None:
    off = [Mismatch("ledger", reconcile.Key("x1", "2025-01-01", "USD"), Sum(1, 1), Sum(2, 2))] * (SHOWN + 2)
    told = outcome(
        mismatches=off, dead_letters={"defect": 2}, archive_gaps={"3": 4}, lost=5, doubled=6, changed=True
    ).faults()
    assert told[0].startswith("x1 2025-01-01: the file has 1 minor units USD and 1 units, the ledger has 2")
    assert told[SHOWN:] == [
        "and 2 more sums are off",
        "2 events are dead letters: defect",
        "partition 3: 4 events are not archived",
        "5 events are lost: neither applied nor among the dead letters",
        "6 ledger numbers stand in two lines",
        "this run altered the ledger, though all its events were there before",
    ]


def test_the_table_shows_money_as_people_write_it() -> None:
    told = shown(outcome(machines={"x1": Sum(123456, 7)}))
    assert "1,234.56" in told
    assert "0 sums off" in told
    assert (amount(5, "JPY"), amount(5, "KWD"), amount(1205, "USD")) == ("5", "0.005", "12.05")


MIXED = """When,Machine,Slot,Item,Paid,Cur,How
2025-03-08 10:00,x1,1,Tea,1.50,USD,cash
2025-03-08 10:01,x1,1,Tea,2.50,CAD,cash
2025-03-08 10:02,x1,2,Oat Bar,150,JPY,card
2025-03-08 10:03,x2,1,Tea,1.25,CAD,free
"""
MIXED_MAP = """
[columns]
time = "When"
machine = "Machine"
selection = "Slot"
product = "Item"
amount = "Paid"
currency = "Cur"
payment = "How"
"""


async def test_sales_in_several_currencies_agree_and_are_not_added_up(tmp_path: Path) -> None:
    (tmp_path / "mixed.csv").write_text(MIXED)
    (tmp_path / "map.toml").write_text(MIXED_MAP)
    file = sales.read(tmp_path / "mixed.csv", mapping_file.load(tmp_path / "map.toml"))
    app = await replayed(file)
    assert await app.mismatches(file) == []
    ledger = reconcile.ledger_sold(await stored.documents(app.machines, "page"), file.mapping.zone)
    assert reconcile.by_machine(ledger, "USD") == {"x1": Sum(150, 3)}
    assert reconcile.other_currencies(ledger, "USD") == {"CAD": 250, "JPY": 150}
    figures = outcome(machines={"x1": Sum(150, 3)}, others={"CAD": 250, "JPY": 150}).figures()
    assert (figures["revenueMinor"], figures["otherCurrencies"]) == (150, {"CAD": 250, "JPY": 150})
    app.page("x1")["lines"][1]["paidMinor"] += 1
    assert {(x.key.currency, x.key.day) for x in await app.mismatches(file)} == {
        ("CAD", "2025-03-08"), ("CAD", ALL_DAYS),
    }  # fmt: skip


def test_other_currencies_are_shown() -> None:
    assert re.search(r"all, in JPY +1,500", shown(outcome(others={"JPY": 1500})))
