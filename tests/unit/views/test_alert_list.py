"""Alerts by state, rule, place and time, in pages; what is over among them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import alerts as raised
from tests.support.fakes import FakeDocuments
from vending.alerts.attend import AlertName, Attendant
from vending.alerts.transitions import Finding
from vending.documents.alerts import Episode
from vending.time import millis
from vending.views import alert_history, alert_list, cursors, one_alert
from vending.views.alert_history import Position
from vending.views.alert_list import AlertPage, AlertQuery
from vending.views.alert_rows import Ended
from vending.views.stores import ViewStores
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
MINUTE = 60_000
PARTS = {
    "sites": [
        {"id": "harbour", "timeZone": "Europe/Berlin", "route": "north", "name": "Harbour Terminal 2"},
        {"id": "depot", "timeZone": "Europe/Berlin", "route": "south"},
    ],
    "machines": [{"id": "m1", "site": "harbour"}, {"id": "m2", "site": "depot"}],
}


class World:
    """Alerts of two machines that stand somewhere and one that does not, as their rules find them."""

    def __init__(self) -> None:
        self.alerts, self.catalog = FakeDocuments("machineId"), FakeDocuments("kind")
        self.order = 0

    def stores(self) -> ViewStores:
        """As a process sees them that remembers nothing."""
        nothing = FakeDocuments("id")
        return ViewStores(FakeDocuments("machineId"), nothing, self.alerts, nothing, self.catalog)

    async def finds(self, machine: str, rule: str, component: str, firing: bool, minutes: float = 0) -> None:
        """A rule finds something, minutes before now."""
        self.order += 1
        at = millis(NOW) - int(minutes * MINUTE)
        await raised.find(
            self.alerts, Finding(machine, rule, component, (self.order,), firing, at, {"n": self.order}), at
        )

    def ada(self) -> Attendant:
        return Attendant(self.alerts, "ada", NOW)

    async def page(self, **facts: Any) -> AlertPage:
        return await alert_list.alerts(self.stores(), AlertQuery(**facts), NOW)

    async def ids(self, **facts: Any) -> list[str]:
        """Machine and component of each."""
        page = await self.page(**facts)
        return [f"{row.machine_id} {row.component}" for row in page.alerts]


@pytest.fixture
async def world() -> World:
    """Four open alerts, and three episodes that are over, one of them by hand."""
    world = World()
    await import_catalog(msgspec.convert(PARTS, CatalogFile), world.catalog)
    for machine, component, minutes in (
        ("m1", "A1", 50),
        ("m1", "A2", 40),
        ("m2", "B1", 30),
        ("m3", "C1", 20),
    ):
        await world.finds(machine, "sold-out", component, True, minutes)
    for minutes in (300, 200):
        await world.finds("m2", "cold-chain", "main", True, minutes)
        await world.finds("m2", "cold-chain", "main", False, minutes - 10)
    await world.finds("m1", "fault", "coin:EAR", True, 90)
    await world.ada().resolve(AlertName("m1", "fault", "coin:EAR"), "mended")
    return world


async def test_states_that_people_bring_alerts_into(world: World) -> None:
    await world.ada().acknowledge(AlertName("m1", "sold-out", "A1"))
    await world.ada().snooze(AlertName("m2", "sold-out", "B1"), NOW + timedelta(hours=1))
    assert await world.ids() == ["m3 C1", "m2 B1", "m1 A2", "m1 A1"]
    assert await world.ids(state="acknowledged") == ["m1 A1"]
    assert await world.ids(state="snoozed") == ["m2 B1"]
    assert await world.ids(state="unattended") == ["m3 C1", "m1 A2"]
    page = await world.page(state="unattended")
    assert (page.open, page.matching, page.next, page.undelivered) == (4, 2, None, 0)


async def test_places_rules_severities_and_times(world: World) -> None:
    assert await world.ids(site="depot") == ["m2 B1"]
    assert await world.ids(route="north") == ["m1 A2", "m1 A1"]
    assert await world.ids(machine="m3") == ["m3 C1"]
    assert await world.ids(rule="silent") == []
    assert await world.ids(severity="info", machine="m1") == ["m1 A2", "m1 A1"]
    assert await world.ids(severity="critical") == []
    since, until = millis(NOW) - 40 * MINUTE, millis(NOW) - 20 * MINUTE
    assert await world.ids(since=since, until=until) == ["m2 B1", "m1 A2"]
    (row,) = (await world.page(site="depot")).alerts
    assert (row.site, row.site_name, row.route, row.alert_id) == ("depot", "depot", "south", "sold-out:B1")


async def test_what_is_over_newest_first_with_how_it_ended(world: World) -> None:
    assert await world.ids(state="closed") == ["m1 coin:EAR", "m2 main", "m2 main"]
    by_hand, warm, _ = (await world.page(state="closed")).alerts
    assert by_hand.ended == Ended("hand", "ada", "mended")
    assert (warm.alert_id, warm.episode, warm.state) == ("episode:cold-chain:main:2", 2, "closed")
    assert (warm.since, warm.closed_at) == ("2026-03-02T08:40:00.000Z", "2026-03-02T08:50:00.000Z")
    assert (warm.severity, warm.notification) == ("critical", None)
    assert await world.ids(state="resolved") == ["m1 coin:EAR"]
    assert (
        await world.ids(state="closed", route="south", severity="critical", rule="cold-chain")
        == ["m2 main"] * 2
    )
    assert await world.ids(state="closed", machine="m1") == ["m1 coin:EAR"]
    assert await world.ids(state="closed", since=millis(NOW) - 200 * MINUTE) == ["m1 coin:EAR", "m2 main"]
    assert await world.ids(state="closed", until=millis(NOW) - 190 * MINUTE) == ["m2 main"]


@pytest.mark.parametrize("state", ["open", "closed"])
@pytest.mark.parametrize("limit", [1, 2, 3, 9])
async def test_pages_give_each_alert_once(world: World, state: Any, limit: int) -> None:
    found, after = [], None
    while True:
        page = await world.page(state=state, limit=limit, after=after)
        found += [row.alert_id for row in page.alerts]
        assert len(page.alerts) <= limit
        if page.next is None:
            break
        after = cursors.placed(page.next, Position)
    whole = await world.page(state=state)
    assert found == [row.alert_id for row in whole.alerts]
    assert len(set(found)) == len(found)


async def test_an_alert_that_opens_meanwhile_moves_no_page(world: World) -> None:
    first = await world.page(limit=2)
    await world.finds("m2", "sold-out", "B9", True)
    assert first.next
    after = cursors.placed(first.next, Position)
    assert await world.ids(limit=2, after=after) == ["m1 A2", "m1 A1"]


async def test_one_machine_has_its_own_and_costs_queries_of_its_partition(world: World) -> None:
    asked: list[str] = []
    world.alerts.fault = lambda operation, key: asked.append(f"{operation} {key}")
    page = await alert_list.machine_alerts(world.stores(), AlertQuery(machine="m1"), "m1", NOW)
    assert ([row.component for row in page.alerts], page.open) == (["A2", "A1"], 2)
    closed = AlertQuery(machine="m1", state="closed")
    page = await alert_list.machine_alerts(world.stores(), closed, "m1", NOW)
    assert [row.component for row in page.alerts] == ["coin:EAR"]
    own = [one for one in asked if one != "select *"]
    assert set(own) == {"select m1"}
    assert asked.count("select *") == 2, "the notifications that were given up, of each answer"


async def test_what_is_malformed_is_counted_and_hides_no_other(world: World) -> None:
    world.alerts.damage("m2", "episode:cold-chain:main:1", episode="first")
    page = await world.page(state="closed")
    assert ([row.component for row in page.alerts], page.defective) == (["coin:EAR", "main"], 1)


async def test_one_alert_with_its_acts_and_episodes(world: World) -> None:
    await world.ada().note(AlertName("m1", "sold-out", "A1"), "refill on Tuesday")
    for name in ("sold-out:A1", "current:sold-out:A1"):
        found = await one_alert.alert(world.stores(), "m1", name, NOW)
        assert found
        assert [(act.what, act.by, act.text) for act in found.answer.acts] == [
            ("noted", "ada", "refill on Tuesday")
        ]
        assert (found.answer.alert_id, found.answer.site_name) == ("sold-out:A1", "Harbour Terminal 2")
    stored = await world.alerts.read("m1", "current:sold-out:A1")
    assert stored
    assert found
    assert found.version == stored.etag


async def test_one_alert_that_is_closed_says_since_when_it_had_been_open(world: World) -> None:
    found = await one_alert.alert(world.stores(), "m2", "cold-chain:main", NOW)
    assert found
    alert = found.answer
    assert (alert.since, alert.closed_at) == ("2026-03-02T08:40:00.000Z", "2026-03-02T08:50:00.000Z")
    assert [one.alert_id for one in alert.episodes] == [f"episode:cold-chain:main:{n}" for n in (2, 1)]
    by_hand = await one_alert.alert(world.stores(), "m1", "fault:coin:EAR", NOW)
    assert by_hand
    assert by_hand.answer.resolved
    assert by_hand.answer.resolved.reason == "mended"


async def test_an_episode_has_an_address_of_its_own(world: World) -> None:
    for row in (await world.page(state="closed")).alerts:
        found = await one_alert.alert(world.stores(), row.machine_id, row.alert_id, NOW)
        assert found
        assert (found.answer.since, found.answer.ended) == (row.since, row.ended)


@pytest.mark.parametrize(
    "name", ["sold-out:Z9", "episode:x:1", "undelivered:a", "a/b", "a?b", "a#b", "", "x\n"]
)
async def test_what_is_no_alert_is_none(world: World, name: str) -> None:
    assert await one_alert.alert(world.stores(), "m1", name, NOW) is None
    assert await one_alert.alert(world.stores(), "m1/x", "sold-out:A1", NOW) is None


def episodes(times: list[int], machines: list[int]) -> FakeDocuments:
    held = FakeDocuments("machineId")
    for n, (at, machine) in enumerate(zip(times, machines, strict=False)):
        facts = {"machine_id": f"m{machine}", "rule": "fault", "component": "c"}
        episode = Episode(id=f"episode:fault:c:{n}", episode=n, opened=at - 1, closed=at, detail={}, **facts)  # type: ignore[arg-type]
        held.put(episode.dump())
    return held


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 200) | st.integers(1, millis(NOW)), max_size=40),
    st.lists(st.integers(1, 3), min_size=40, max_size=40),
    st.integers(1, 7),
    st.sampled_from([3, 20, 1_000]),
)
async def test_history_in_pages_is_all_of_it_in_order(
    times: list[int], machines: list[int], limit: int, crowd: int
) -> None:
    """Whatever the slices are: sparse, crowded, of one millisecond."""
    held = episodes(times, machines)
    bodies = [(one["closed"], one["machineId"], one["id"]) for one in held.bodies("alert-episode")]
    found: list[Position] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(alert_history, "CROWD", crowd)
        before: Position | None = Position(millis(NOW) + 1)
        for _ in range(400):
            assert before
            requests = held.requests
            page = await alert_history.history(held, alert_history.Wanted(0, before), limit)
            assert held.requests - requests <= alert_history.SLICES
            found += map(alert_history.position, page.episodes)
            before = page.next
            if before is None:
                break
    assert before is None
    assert found == sorted(bodies, reverse=True)


async def test_history_of_a_quiet_fleet_takes_few_queries() -> None:
    held = episodes([millis(datetime(2020, 1, 1, tzinfo=UTC))], [1])
    page = await alert_history.history(held, alert_history.Wanted(0, Position(millis(NOW))), 100)
    assert len(page.episodes) == 1
    assert held.requests <= 8
