"""Uploaded audits become spans of sales: each once, whatever dies, comes again or comes at the same time."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.audits import Meters
from tests.support.events import hub_event
from tests.support.fakes import FakeDocuments
from tests.unit.uploads.world import NOW, World
from vending.documents.audits import AuditRecord, AuditSeries, audit_id
from vending.documents.base import load
from vending.errors import Transient
from vending.events.event import parse
from vending.ingest.commit_stock import commit_stock
from vending.ingest.dead_letters import Refusals
from vending.ports import Stored
from vending.state.ledger import line
from vending.time import millis
from vending.uploads.place_audit import SERIES

READ = NOW - timedelta(hours=10)
CATALOG: list[dict[str, Any]] = [
    {"id": "site-1", "kind": "site", "type": "site", "schema": 1, "timeZone": "Europe/Berlin"},
    {
        "id": "m-1", "kind": "machine", "type": "machine", "schema": 1, "site": "site-1",
        "placements": [["", "site-1"]],
    },
]  # fmt: skip


def read(number: int, vends: int, at: datetime | None = None) -> bytes:
    moment = at or READ + timedelta(hours=number)
    selections = {"A1": (vends * 100, vends)}
    return Meters(number, f"{moment:%Y%m%d*%H%M%S}", (vends * 100, vends), selections=selections).written()


def record(world: World, number: int) -> AuditRecord:
    return load(world.machines.items["m-1", audit_id(number)][1], AuditRecord)


def series(world: World) -> list[tuple[int, int]]:
    held = load(world.machines.items["m-1", "audit-series"][1], AuditSeries).series
    return [(one.first, one.last) for one in held]


def sent(world: World) -> dict[int, dict[str, Any]]:
    """Number → the event; whatever was sent again is the same."""
    found: dict[int, dict[str, Any]] = {}
    for body, _ in world.hub.sent:
        event = json.loads(body)
        assert found.setdefault(event["ledgersequence"], event) == event
    return found


def sold(world: World) -> int:
    return sum(one["data"].get("sold", {}).get("vends", 0) for one in sent(world).values())


async def test_two_audits_are_a_span() -> None:
    world = World()
    for body in CATALOG:
        world.catalog.put(body)
    for number, vends in ((1, 10), (2, 17)):
        await world.process(await world.upload(read(number, vends)))
    first, second = sent(world).values()
    assert "sold" not in first["data"]
    assert second["data"]["sold"] == {
        "since": "2026-03-02T08:40:00Z", "vends": 7, "valueMinor": 700, "free": 0, "test": 0, "payments": {},
        "selections": [{"selection": "A1", "vends": 7, "valueMinor": 700, "priceMinor": 100}],
    }  # fmt: skip
    assert (second["time"], second["data"]["clock"]) == ("2026-03-02T09:40:00.000Z", "machine")
    event = parse(hub_event(1, json.dumps(second).encode()))
    assert line(event)["sold"]["since"] == millis(datetime(2026, 3, 2, 8, 40, tzinfo=UTC))
    assert series(world) == [(1, 2)]
    assert (record(world, 1).placed, record(world, 1).reason) == ("baseline", "first")


@pytest.mark.parametrize(
    "at", [NOW + timedelta(hours=2), NOW - timedelta(days=91)], ids=["to come", "long ago"]
)
async def test_a_clock_that_is_not_believed_gives_way_to_the_uploads(at: datetime) -> None:
    world = World()
    await world.process(await world.upload(read(1, 10, at)))
    [event] = sent(world).values()
    assert (event["time"], event["data"]["clock"]) == (f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z", "upload")


async def test_an_older_audit_that_comes_late_counts_at_the_end_of_its_span() -> None:
    world = World()
    for number, vends in ((2, 17), (1, 10), (3, 20)):
        await world.process(await world.upload(read(number, vends)))
    late = sent(world)[2]
    assert late["data"]["sold"]["vends"] == 7
    assert (late["data"]["sold"]["since"], late["time"]) == (
        "2026-03-02T09:40:00Z",
        "2026-03-02T10:40:00.000Z",
    )
    assert series(world) == [(2, 3)]
    assert sold(world) == 10


ORDERS = st.permutations([0, 1, 2, 3, 0, 2])
DEATHS = st.lists(st.integers(0, 60), max_size=6)


@given(ORDERS, DEATHS)
@settings(max_examples=60, deadline=None)
def test_any_order_duplicates_and_deaths_count_each_span_once(
    order: Sequence[int], deaths: list[int]
) -> None:
    stands = (10, 17, 17, 40)
    world = asyncio.run(_survived([read(n + 1, stands[n]) for n in order], sorted(deaths)))
    assert sold(world) == stands[-1] - stands[0]
    numbers = sorted(sent(world))
    assert numbers == list(range(1, len(order) + 1))
    assert len(series(world)) == 1


async def _survived(files: Sequence[bytes], deaths: list[int]) -> World:
    """Every upload is delivered until it is done; some requests fail, before or after their write."""
    world, requests, dying = World(), 0, list(deaths)

    def around(_: str, __: str) -> None:
        nonlocal requests
        requests += 1
        if dying and requests >= dying[0]:
            del dying[0]
            raise Transient("the process ended")

    for data in files:
        event = await world.upload(data)
        world.machines.fault = world.machines.after = around
        for _ in range(20):
            try:
                await world.process(event)
                break
            except Transient:
                continue
        world.machines.fault = world.machines.after = lambda *_: None
        await world.process(event)
    return world


class Interleaved(FakeDocuments):
    """Lets others run before each answer."""

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002
        found = await super().read(key, id)
        await asyncio.sleep(0)
        return found


async def test_uploads_at_the_same_time_take_turns() -> None:
    world = World(machines=Interleaved("machineId"))
    events = [await world.upload(read(n, 10 * n)) for n in range(1, 7)]
    await asyncio.gather(*(world.process(event) for event in events))
    assert sold(world) == 50
    assert len(series(world)) == 1


async def test_the_series_of_a_machine_are_bounded() -> None:
    world = World()
    for number in range(1, SERIES + 4):
        meters = Meters(1, f"{READ:%Y%m%d*%H%M%S}", (100, 1), serial=f"VST{number}")
        await world.process(await world.upload(meters.written()))
    assert len(series(world)) == SERIES
    assert sold(world) == 0


async def test_a_large_audit_is_a_small_record_and_event() -> None:
    world = World()
    names = [f"{n:05d}" for n in range(20_000)]
    for number, stand in ((1, 0), (2, 1)):
        large = Meters(number, f"{READ:%Y%m%d}*{number:02d}0000", (stand * 5000, stand * 50))
        large = replace(large, selections=dict.fromkeys(names, (stand, stand)))
        await world.process(await world.upload(large.written(), size=2**20))
    assert max(len(body) for body, _ in world.hub.sent) < 20_000
    assert len(json.dumps(world.machines.items["m-1", audit_id(2)][1])) < 300_000
    assert sold(world) == 50


async def told_beside() -> World:
    """A machine whose ledger has six of the seven vends between the first two reads, and one of before."""
    world = World()
    world.catalog.put(CATALOG[1] | {"sources": [["", "device"]]})
    vends = [
        hub_event(n, json.dumps(device_vend(n, READ + timedelta(hours=1, minutes=n * 7 - 8))).encode())
        for n in range(1, 8)
    ]
    await commit_stock("m-1", [parse(one) for one in vends], world.machines, Refusals())
    return world


async def test_what_the_devices_told_stands_beside_it() -> None:
    world = await told_beside()
    for number, stand in ((1, 10), (2, 17)):
        await world.process(await world.upload(read(number, stand)))
    beside = record(world, 2).reconciliation
    assert beside is not None
    assert (beside["vends"]["missed"], beside["vends"]["variance"]) == (1, 100)
    assert beside["selections"]["A1"]["ledger"] == {"count": 6, "value": 600}
    assert record(world, 1).reconciliation is None


async def test_a_machine_of_audits_is_compared_with_nothing() -> None:
    world = World()
    world.catalog.put(CATALOG[0])
    world.catalog.put(CATALOG[1] | {"sources": [["", "audit"]]})
    vend = hub_event(1, json.dumps(device_vend(1, READ + timedelta(minutes=90))).encode())
    await commit_stock("m-1", [parse(vend)], world.machines, Refusals())
    for number, stand in ((1, 10), (2, 17)):
        await world.process(await world.upload(read(number, stand)))
    assert record(world, 2).reconciliation is None


def device_vend(number: int, at: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"1-{number:012d}", "source": "/devices/d-1", "subject": "machines/m-1",
        "type": "io.vendstream.vend.completed.v1", "time": at.isoformat(), "deviceepoch": 1,
        "sequence": number, "ledgersequence": number, "clocksync": "import",
        "data": {
            "vendId": f"v{number}", "selection": "A1", "priceMinor": 100, "currency": "EUR", "quantity": 1,
            "paymentMethod": "cash", "paidMinor": 100,
        },
    }  # fmt: skip
