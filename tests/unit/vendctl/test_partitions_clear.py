"""The way past messages that no trigger can bind: nothing lost, nothing twice, each of them one dead letter.

P1, P2 and P6, and what the real host does (a running one ignores its checkpoints; a new one starts there).
"""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from devstack.eventhubs.wire import encode as e
from tests.support.archive import held as archived
from tests.support.events import World, vend
from tests.support.overlapping_owners import Killed
from tests.unit.vendctl.amqp_bytes import data, message, sequence, value
from tests.unit.vendctl.partition_world import GROUPS, App, FakeHost, FakeReader
from vendctl.operations.account import AccountStores, account
from vendctl.partitions import clearing
from vendctl.partitions.checkpoints import Checkpoint
from vendctl.partitions.clearing import Bounds, bring_in, move, stretch
from vendctl.partitions.handed_over import hub_event
from vendctl.partitions.message import Message
from vending.errors import Conflict
from vending.events.hub_event import HubEvent
from vending.events.records import decode_lines, encode, record, restore

BODIES = (
    sequence(e.string("a")),
    value(b"\x40"),
    value(e.integer(7)),
    value(e.mapping({})),
    value(e.string("{}")),
)


def messages(count: int, bad: Sequence[int]) -> list[bytes]:
    """Vends of one device, and messages that are no data at some places."""
    found, sold = [], 0
    for number in range(count):
        if number in bad:
            body = BODIES[number % len(BODIES)]
        else:
            sold += 1
            body = data(vend(sold, machine="m1", device="dev-1"))
        found.append(message(number, body, key="dev-1", annotations={"x-opt-publisher": e.string("dev-1")}))
    return found


def triggered(raw: Sequence[bytes]) -> list[HubEvent]:
    """What the trigger hands over of messages that it can bind."""
    return [hub_event(Message.read(one), "1", "0") for one in raw]


@pytest.mark.parametrize(
    ("bad", "done"),
    [
        ([500], {"$default": 399, "archive": 412}),
        ([0], {"$default": -1, "archive": -1}),
        ([0, 1, 2, 999], {"$default": -1, "archive": -1}),
        ([400, 777, 998], {"$default": 399, "archive": 399}),
        ([999], {"$default": 998, "archive": 998}),
        ([450], {"$default": 449, "archive": 300}),
    ],
    ids=["in-a-batch", "the-very-first", "start-and-end", "several", "the-last-of-the-hub", "groups-apart"],
)
async def test_all_behind_it_is_brought_in_once_and_each_bad_one_is_a_dead_letter(
    bad: list[int], done: dict[str, int]
) -> None:
    raw = messages(1000, bad)
    app, hub = App(), FakeReader(p0=raw)
    host = FakeHost(*(Checkpoint(g, "0", n, str(n * 100)) for g, n in done.items() if n >= 0))
    for group in GROUPS:
        if done[group] >= 0:
            await app.take(group)(triggered(raw[: done[group] + 1]))
        found = await app.clear(hub, host, group)
        assert [one.sequence for one in found.bad] == bad
        held = host.held[group, "0"]
        assert (held.sequence, held.offset) == (bad[-1], str(bad[-1] * 100))
        # The host is started again: it goes on behind the checkpoint.
        if rest := triggered(raw[held.sequence + 1 :]):
            await app.take(group)(rest)
    await judged(app, raw, bad)
    for group in GROUPS:
        assert not (await app.clear(hub, host, group)).bad


async def judged(app: App, raw: Sequence[bytes], bad: Sequence[int]) -> None:
    """0 lost, 0 doubled, a dead letter each, every message in the archive byte for byte, no hole."""
    assert app.world.dead() == {f"1/0@{number}": "amqp-body" for number in bad}
    assert sorted(number[3] for number in app.world.lines()) == list(range(1, len(raw) - len(bad) + 1))
    world = app.world
    stores = AccountStores(app.blobs, world.machines, world.conditions, world.deadletters)
    found = await account(stores, {("1", "0"): len(raw) - 1})
    assert (found.lost, found.doubled, found.archived) == (0, 0, len(raw)), found.lost_events
    assert found.dead_lettered <= len(bad)
    lines = [encode(record(event)) for event in archived(app.blobs)]
    assert lines == [encode(record(event)) for event in triggered(raw)]
    kept = [x for x in map(restore, decode_lines(b"".join(lines))) if x.amqp is not None]
    assert [b64decode(x.amqp["message64"]) for x in kept if x.amqp] == [raw[number] for number in bad]


@pytest.mark.parametrize("killed_after", [0, 1, 2])
async def test_a_run_that_dies_half_way_leaves_the_next_one_the_same_work(killed_after: int) -> None:
    raw, bad = messages(1200, [1100]), [1100]
    app, hub = App(), FakeReader(p0=raw)
    host = FakeHost(Checkpoint("$default", "0", 9, "900"))
    await app.take("$default")(triggered(raw[:10]))
    held = host.held["$default", "0"]
    found = await stretch(hub, held, (await hub.ends())["0"], Bounds(), lambda *_: None)
    portions = 0

    async def dies(events: Sequence[HubEvent]) -> None:
        nonlocal portions
        if portions == killed_after:
            raise Killed
        portions += 1
        await app.take("$default")(events)

    with pytest.raises(Killed):
        await bring_in(hub, found, "1", dies, lambda *_: None)
    assert host.held["$default", "0"] == held
    await app.clear(hub, host, "$default")
    await app.take("$default")(triggered(raw[1101:]))
    await app.take("archive")(triggered(raw))
    await judged(app, raw, bad)


async def test_what_was_brought_in_and_is_delivered_again_counts_once() -> None:
    """A host that was not restarted, or whose checkpoint write was lost, delivers the good ones once more."""
    raw = messages(600, [300])
    app, hub, host = App(), FakeReader(p0=raw), FakeHost()
    for group in GROUPS:
        await app.clear(hub, host, group)
        await app.take(group)(triggered([*raw[:300], *raw[301:]]))
    await judged(app, raw, [300])


async def test_a_checkpoint_that_moved_meanwhile_is_left_alone() -> None:
    raw = messages(20, [10])
    app, hub, host = App(), FakeReader(p0=raw), FakeHost(Checkpoint("$default", "0", 4, "400"))
    held = host.held["$default", "0"]
    found = await stretch(hub, held, (await hub.ends())["0"], Bounds(), lambda *_: None)
    await bring_in(hub, found, "1", app.take("$default"), lambda *_: None)
    host.held["$default", "0"] = moved = replace(held, sequence=12, offset="1200", etag="7")
    with pytest.raises(Conflict):
        await move(host, found)
    assert host.held["$default", "0"] == moved


async def test_looking_is_bounded_by_count_and_by_bytes() -> None:
    raw = messages(50, [5, 40])
    hub, held = FakeReader(p0=raw), Checkpoint("archive", "0")
    end = (await hub.ends())["0"]
    found = await stretch(hub, held, end, Bounds(events=10), lambda *_: None)
    assert ([one.sequence for one in found.bad], found.looked, found.end) == ([5], 9, 49)
    found = await stretch(hub, held, end, Bounds(megabytes=0), lambda *_: None)
    assert (found.bad, found.looked) == ((), 0)


async def test_portions_are_bounded_and_what_the_hub_has_forgotten_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clearing, "BYTES", 2_000)
    raw, sizes = messages(40, [30]), []
    hub = FakeReader(12, p0=raw)
    found = await stretch(hub, Checkpoint("archive", "0", 5, "500"), (await hub.ends())["0"], Bounds(), print)
    assert (found.first, found.lost) == (12, 6)

    async def take(events: Sequence[HubEvent]) -> None:
        sizes.append(len(events))

    assert await bring_in(hub, found, "1", take, lambda *_: None) == sum(sizes) == 19
    assert max(sizes) < 10


async def test_other_poison_in_the_stretch_stays_what_it_is() -> None:
    """An event that is refused for another reason keeps that reason; a forgery is told by its publisher."""
    publisher = {"x-opt-publisher": e.string("dev-9")}
    raw = [
        message(0, data(b"no json")),
        message(1, data(vend(1, machine="m1", device="dev-1")), annotations=publisher),
        message(2, value(b"\x40"), annotations=publisher),
    ]
    app, host = App(), FakeHost()
    found = await app.clear(FakeReader(p0=raw), host, "$default")
    assert found.bad[0].publisher == "dev-9"
    assert app.world.dead() == {"1/0@0": "not-json", "1/0@1": "forged-identity", "1/0@2": "amqp-body"}


async def test_the_dead_letter_holds_the_amqp_form_and_what_to_do() -> None:
    app = App(World())
    await app.clear(FakeReader(p0=messages(1, [0])), FakeHost(), "$default")
    ((_, blocks),) = app.world.deadletters.committed.values()
    letter = msgspec.json.decode(b"".join(blocks.values()))
    assert (letter["reason"], letter["body"], letter["key"]) == ("amqp-body", "", "dev-1")
    assert letter["amqp"]["kind"] == "sequence"
    assert letter["amqp"]["body"] == [{"list": [{"string": "a"}]}]
    assert "mend the sender" in letter["detail"]
