"""Who may speak for a machine: a stolen credential, a corrupt board, a device of before."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.archive import FakeArchive
from tests.support.events import NOON, World, hub_event, level, temperature, vend
from tests.support.metadata import local_settings
from vendctl.operations.rebuild import Course, Wanted, replay
from vendctl.rebuild import Target
from vending import wiring
from vending.archive.append import archive
from vending.catalog.devices import next_epoch
from vending.errors import Rejected
from vending.events.hub_event import HubEvent
from vending.events.publishers import MAX_UNSIGNED_EPOCH, Publisher, build
from vending.ingest.review_dead_letters import find
from vending.ingest.review_dead_letters import replay as send_again
from vending.settings import Settings
from vending.state.books import MAX_BOOKS

VICTIM: dict[str, Any] = {"machine": "vm-victim", "device": "dev-victim"}


def sent_by(bodies: list[bytes], publisher: str | None, first: int = 0) -> list[HubEvent]:
    """As the hub delivers what a publisher sent; by an operator's own credential where it is None."""
    system = {} if publisher is None else {"x-opt-publisher": publisher}
    return [hub_event(first + number, content, system=system) for number, content in enumerate(bodies)]


def bound(device: str, machine: str, epoch: int) -> str:
    return build(Publisher(device, machine, epoch))


def honest() -> list[HubEvent]:
    """Three sales and a warm cabinet, then the board that replaces the first one, and its first sale."""
    own = [vend(n, ledger=n, **VICTIM) for n in (1, 2, 3)] + [temperature(9, 4.0, **VICTIM)]
    later = [temperature(10, 40.0, **VICTIM)]
    other = [vend(1, ledger=1, epoch=2, machine="vm-victim", device="dev-victim2")]
    return (
        sent_by(own, bound("dev-victim", "vm-victim", 1))
        + sent_by(later, bound("dev-victim", "vm-victim", 1), 10)
        + sent_by(other, bound("dev-victim2", "vm-victim", 2), 20)
    )


def forged(device: str) -> list[bytes]:
    """All that once harmed a machine: money, levels, epochs for every book, holes, the highest order."""
    own: dict[str, Any] = {"machine": "vm-victim", "device": device}
    far, last = 999_999_999_999, 2**31 - 1
    bodies = [vend(1, data={"paidMinor": 1_000_000_000}, **own), level(far, 250, epoch=last, **own)]
    bodies += [temperature(far, 3.0, epoch=last, **own)]
    bodies += [vend(1, ledger=1, epoch=epoch, **own) for epoch in range(2, MAX_BOOKS + 2)]
    return bodies + [vend(n, ledger=2 * n, **own) for n in range(2, 50)]


@pytest.mark.parametrize("device", ["dev-thief", "dev-victim"])
@pytest.mark.parametrize("seed", range(3))
async def test_a_stolen_credential_changes_nothing_of_another_machine(device: str, seed: int) -> None:
    """Under the thief's own device's name, and under the victim's."""
    alone, robbed = World(), World()
    await alone.take(*honest())
    theft = sent_by(forged(device), bound("dev-thief", "vm-thief", 7), 100)
    mixed = honest() + theft
    random.Random(seed).shuffle(mixed)
    for start in range(0, len(mixed), 40):
        await robbed.take(*mixed[start : start + 40])
    assert robbed.state() == alone.state()
    assert set(robbed.dead().values()) == {"forged-identity"}
    assert len(robbed.dead()) == len(theft)
    assert next_epoch(robbed.held("vm-victim"), robbed.fleet()["vm-victim"]) == 3


@pytest.mark.parametrize("signed", [True, False])
async def test_a_corrupt_epoch_costs_its_own_events_alone(signed: bool) -> None:
    """One board of our own: the reading that a heap fault numbered 2147483647 hid all that came after it."""
    world, publisher = World(), bound("dev-victim", "vm-victim", 1) if signed else None
    corrupt = [temperature(999_999_999_999, 3.0, epoch=2**31 - 1, **VICTIM)]
    corrupt += [level(5, 250, epoch=MAX_UNSIGNED_EPOCH + 1, **VICTIM)]
    corrupt += [vend(n, ledger=n, epoch=MAX_UNSIGNED_EPOCH + n, **VICTIM) for n in range(1, 60)]
    await world.take(*sent_by(corrupt, publisher), *sent_by([temperature(2, 40.0, **VICTIM)], publisher, 99))
    assert set(world.dead().values()) == {"epoch-not-issued"}
    assert len(world.dead()) == len(corrupt)
    assert not world.stocks()
    entry = world.fleet()["vm-victim"]
    assert entry["temp:main"][:2] == [1, 2]
    assert next_epoch(None, entry) == 2


async def test_whatever_an_unsigned_epoch_did_the_next_board_is_issued_one_that_counts() -> None:
    """Once `vendctl device` issued 2147483648 then, and ingest refused every event of it."""
    world = World()
    await world.take(*sent_by([temperature(7, 3.0, epoch=MAX_UNSIGNED_EPOCH, **VICTIM)], None))
    epoch = next_epoch(None, world.fleet()["vm-victim"])
    now = sent_by([temperature(1, 40.0, epoch=epoch, **VICTIM)], bound("dev-victim", "vm-victim", epoch), 1)
    await world.take(*now)
    assert not world.dead()
    assert world.fleet()["vm-victim"]["temp:main"][:2] == [epoch, 1]


async def test_a_high_sequence_lasts_until_the_next_epoch() -> None:
    """docs/deploy.md: what one corrupt board can do to its own machine, and what ends it."""
    world = World()
    far = [temperature(999_999_999_999, 3.0, **VICTIM), temperature(3, 40.0, **VICTIM)]
    await world.take(*sent_by(far, bound("dev-victim", "vm-victim", 1)))
    assert world.fleet()["vm-victim"]["temp:main"][0:2] == [1, 999_999_999_999]
    again = sent_by([temperature(1, 40.0, epoch=2, **VICTIM)], bound("dev-victim", "vm-victim", 2), 9)
    await world.take(*again)
    assert world.fleet()["vm-victim"]["temp:main"][0:2] == [2, 1]


async def test_devices_of_before_are_refused_from_the_moment_that_the_setting_names() -> None:
    """UNBOUND_DEVICES; what was taken before that moment stays, also in a rebuild."""
    moment = NOON + timedelta(minutes=20, milliseconds=3)
    live = World(bound_from=moment)
    events = sent_by([vend(n, ledger=n) for n in range(1, 6)], "dev-1", 1)
    events += sent_by([vend(6, ledger=6)], bound("dev-1", "m1", 1), 6) + sent_by([vend(7, ledger=7)], None, 7)
    await live.take(*events)
    assert live.dead() == dict.fromkeys(("1/0@3", "1/0@4", "1/0@5"), "unbound-device")
    assert {number for *_, number in live.lines()} == {1, 2, 6, 7}

    blobs, rebuilt = FakeArchive(), World(bound_from=moment)
    await archive(events, blobs)
    await replay(blobs, rebuilt.stores, Wanted(), Course("test", pause))
    assert (rebuilt.state(), rebuilt.dead()) == (live.state(), live.dead())
    other = World()
    await replay(blobs, other.stores, Wanted(), Course("test", pause))
    assert other.state() != live.state(), "the setting decides"


async def pause(_: float) -> None:
    raise AssertionError("nothing has to wait")


async def test_an_operator_may_vouch_for_what_an_unbound_device_sent() -> None:
    world, hub = World(bound_from=datetime.min.replace(tzinfo=UTC)), Hub()
    await world.take(*sent_by([vend(1)], "dev-1", 1))
    letter = await find(world.deadletters, "1/0@1")
    assert "`vendctl device dev-1 --machine m1`" in letter.detail
    assert await send_again(world.deadletters, hub, letter, NOON)
    await world.take(*sent_by(hub.sent, None, 2))
    assert world.stock()["totals"]["vends"] == 1


async def test_a_forgery_by_a_bound_credential_is_not_laundered() -> None:
    world, hub = World(), Hub()
    await world.take(*sent_by([vend(1), vend(2, epoch=8)], bound("dev-1", "m2", 7), 1))
    await world.take(*sent_by([vend(2, epoch=8)], bound("dev-1", "m1", 7), 3))
    for place, reason in (("1/0@1", "forged-identity"), ("1/0@3", "epoch-not-issued")):
        with pytest.raises(Rejected, match=reason):
            await send_again(world.deadletters, hub, await find(world.deadletters, place), NOON)
    assert not hub.sent


class Hub:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def send(self, body: bytes, _key: str, _properties: Any) -> None:
        self.sent.append(body)


NEEDED = {"TELEMETRY_HUB": "t", "COSMOS_DATABASE": "c"}


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        (None, None),
        ("accept", None),
        ("refuse", datetime.min.replace(tzinfo=UTC)),
        ("2026-12-01T00:00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T01:00:00+01:00", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_the_setting_names_a_moment(said: str | None, moment: datetime | None) -> None:
    found = Settings.read(NEEDED | ({} if said is None else {"UNBOUND_DEVICES": said}))
    assert found.bound_from == moment


async def test_the_app_and_a_rebuild_believe_the_same_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = local_settings() | {"UNBOUND_DEVICES": "2026-12-01T00:00:00Z"}
    monkeypatch.setattr("os.environ", environment)
    target = SimpleNamespace(documents=defaultdict(list), deadletters=None, admission=None)
    try:
        live, rebuilt = wiring.ingest_stores(), cast(Any, Target.ingest).fget(target)
        assert live.bound_from == rebuilt.bound_from == Settings.read(environment).bound_from
    finally:
        await wiring.close()


@pytest.mark.parametrize("said", ["", "Refuse", "no", "2026-12-01", "2026-12-01T00:00:00", "tomorrow"])
def test_a_setting_that_is_neither_a_word_nor_a_moment_is_told(said: str) -> None:
    with pytest.raises(ValueError, match=r"UNBOUND_DEVICES is .*; give accept, refuse, or from which moment"):
        Settings.read(NEEDED | {"UNBOUND_DEVICES": said})
