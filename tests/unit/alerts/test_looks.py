"""What a sweep need not read, and that it finds all the same what one finds that reads everything."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import FakeDocuments, FakeQueue
from vending.adapters.packing import PackedDocuments
from vending.alerts.attend import AlertName, Attendant
from vending.alerts.looks import AFRESH, Looks
from vending.alerts.raise_alerts import AlertStores
from vending.alerts.sweep import evaluate_conditions
from vending.catalog.cataloged import EVERYWHERE, Cataloged
from vending.catalog.policies import Terms, Window
from vending.documents.conditions import Entry
from vending.errors import Transient
from vending.packed import pack
from vending.state import conditions
from vending.time import millis

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = millis(NOON)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PER_DOCUMENT = conditions.MACHINES_PER_DOCUMENT


class Fleet:
    """Conditions, the alerts on them, and a process that sweeps."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.conditions = FakeDocuments("id", self._count("conditions"))
        self.alerts = FakeDocuments("machineId", self._count("alerts"))
        self.process = self.started()

    def _count(self, name: str) -> Any:
        return lambda operation, _: self.asked.update([(name, operation)])

    def started(self) -> AlertStores:
        """A process that remembers nothing yet."""
        packed = PackedDocuments(self.conditions, "machines")
        return AlertStores(FakeDocuments("machineId"), packed, self.alerts, FakeQueue())

    def holds(self, name: str, machines: dict[str, Entry]) -> None:
        """A document is written."""
        partition, _, shard = name.partition(":")
        self.conditions.put(conditions.empty(partition, int(shard)).dump() | {"machines": pack(machines)})

    async def sweep(
        self, now: datetime, catalog: Cataloged = EVERYWHERE, process: AlertStores | None = None
    ) -> Counter[tuple[str, str]]:
        """What a sweep asked the stores for."""
        self.asked.clear()
        await evaluate_conditions(process or self.process, now, HOUR, catalog)
        return Counter(self.asked)

    def open(self) -> set[str]:
        """Machines and components of the open alerts."""
        alerts = self.alerts.bodies("alert")
        return {f"{x['machineId']} {x['rule']} {x['component']}" for x in alerts if x["state"] == "open"}


def heard(at: datetime, sequence: int = 5) -> Entry:
    return {"seen": [1, sequence, millis(at), "ntp"]}


QUIET = {("conditions", "select"): 1, ("alerts", "select"): 2}
"""The documents; the alerts that are open, and those that were resolved by hand."""


async def test_a_sweep_of_a_hundred_thousand_quiet_machines_asks_for_as_much_as_one_of_a_thousand() -> None:
    """Requests counted; what comes back is a row of a hundred bytes for each two thousand machines."""
    asked = {}
    for machines in (1_000, 100_000):
        fleet = Fleet()
        for shard in range(-(-machines // PER_DOCUMENT)):
            numbers = range(shard * PER_DOCUMENT, min(machines, (shard + 1) * PER_DOCUMENT))
            fleet.holds(f"{shard % 32}:{shard // 32}", {f"m{one}": heard(NOON) for one in numbers})
        first = await fleet.sweep(NOON)
        assert first == QUIET | {("conditions", "read"): -(-machines // PER_DOCUMENT)}
        asked[machines] = await fleet.sweep(NOON + MINUTE)
    assert asked == {1_000: QUIET, 100_000: QUIET}


async def test_only_what_changed_is_read() -> None:
    fleet = Fleet()
    for shard in range(5):
        fleet.holds(f"{shard}:0", {f"m{shard}": heard(NOON)})
    await fleet.sweep(NOON)
    fleet.holds("3:0", {"m3": heard(NOON, 6) | {"fault:coin": [1, 6, NOW, True]}})
    assert await fleet.sweep(NOON + MINUTE) == QUIET | {
        ("conditions", "read"): 1,
        ("alerts", "select"): 4,  # of the fleet, and of this machine before and after the write
        ("alerts", "write"): 1,
    }
    assert fleet.open() == {"m3 fault coin"}
    assert await fleet.sweep(NOON + 2 * MINUTE) == QUIET


async def test_a_machine_that_falls_silent_is_found_by_the_first_sweep_after_its_time() -> None:
    fleet = Fleet()
    fleet.holds("0:0", {"m1": heard(NOON + 30 * MINUTE), "m2": heard(NOON + 10 * MINUTE)})
    fleet.holds("1:0", {"m3": heard(NOON + 50 * MINUTE)})
    for minute in range(50, 71):
        await fleet.sweep(NOON + minute * MINUTE)
    assert fleet.open() == set()
    found = await fleet.sweep(NOON + 71 * MINUTE)
    assert found["conditions", "read"] == 1, "the other document has nothing that is due"
    assert fleet.open() == {"m2 silent machine"}
    assert await fleet.sweep(NOON + 72 * MINUTE) == QUIET
    await fleet.sweep(NOON + 91 * MINUTE)
    assert fleet.open() == {"m1 silent machine", "m2 silent machine"}


async def test_an_alert_that_could_not_be_written_is_tried_again_though_nothing_changes() -> None:
    fleet = Fleet()
    fleet.holds("0:0", {"m1": {"fault:coin": [1, 6, NOW, True]}})

    def throttled(operation: str, key: str) -> None:
        if operation == "write":
            raise Transient("throttled")

    fleet.alerts.fault = throttled
    with pytest.raises(Transient):
        await fleet.sweep(NOON)
    fleet.alerts.fault = lambda operation, key: None
    await fleet.sweep(NOON + MINUTE)
    assert fleet.open() == {"m1 fault coin"}


async def test_what_somebody_else_changed_is_looked_at_again() -> None:
    """Another process that holds an older document closed the alert; or it was opened by one that died."""
    fleet = Fleet()
    for document, machine, raised in (("0:0", "m1", True), ("1:0", "m2", False), ("2:0", "m3", True)):
        fleet.holds(document, {machine: {"fault:coin": [1, 6, NOW, raised]}})
    await fleet.sweep(NOON)
    alert = fleet.alerts.bodies("alert")[0]
    stale: dict[str, Any] = {"judged": [1, 5], "outbox": []}
    fleet.alerts.put(alert | stale | {"machineId": "m1", "state": "closed"})
    fleet.alerts.put(alert | stale | {"machineId": "m2", "state": "open"})
    assert (await fleet.sweep(NOON + MINUTE))["conditions", "read"] == 2
    assert fleet.open() == {"m1 fault coin", "m3 fault coin"}


async def test_what_was_resolved_by_hand_costs_no_read_until_its_rule_was_clear() -> None:
    """It counts as open; then it is cleared, though nothing else changes, and opens again as any other."""
    fleet = Fleet()
    fleet.holds("0:0", {"m1": {"fault:coin": [1, 6, NOW, True]}})
    await fleet.sweep(NOON)
    name = AlertName("m1", "fault", "coin")
    await Attendant(fleet.alerts, "ada", NOON).resolve(name, "coin was stuck")
    assert fleet.open() == set()
    assert await fleet.sweep(NOON + MINUTE) == QUIET
    fleet.holds("0:0", {"m1": {"fault:coin": [1, 7, NOW, True]}})
    await fleet.sweep(NOON + 2 * MINUTE)
    assert fleet.open() == set()
    fleet.holds("0:0", {"m1": {"fault:coin": [1, 8, NOW, False]}})
    await fleet.sweep(NOON + 3 * MINUTE)
    assert await fleet.sweep(NOON + 4 * MINUTE) == QUIET
    fleet.holds("0:0", {"m1": {"fault:coin": [1, 9, NOW, True]}})
    await fleet.sweep(NOON + 5 * MINUTE)
    assert fleet.open() == {"m1 fault coin"}


async def test_what_was_resolved_by_hand_opens_a_day_later_on_newer_evidence() -> None:
    fleet = Fleet()
    fleet.holds("0:0", {"m1": {"fault:coin": [1, 6, NOW, True]}})
    await fleet.sweep(NOON)
    await Attendant(fleet.alerts, "ada", NOON).resolve(AlertName("m1", "fault", "coin"), "coin was stuck")
    fleet.holds("0:0", {"m1": {"fault:coin": [1, 7, NOW, True]}})
    await fleet.sweep(NOON + 23 * HOUR)
    assert fleet.open() == set()
    await fleet.sweep(NOON + 25 * HOUR)
    assert fleet.open() == {"m1 fault coin"}


async def test_a_machine_in_two_documents_is_evaluated_on_the_newest_of_both() -> None:
    """Also where only the one with its older registers changed."""
    fleet = Fleet()
    fleet.holds("0:0", {"m1": heard(NOON - 2 * HOUR, 4)})
    fleet.holds("1:0", {"m1": heard(NOON, 9)})
    fleet.holds("2:0", {"m2": heard(NOON)})
    await fleet.sweep(NOON)
    fleet.holds("0:0", {"m1": heard(NOON - 2 * HOUR, 5)})
    assert (await fleet.sweep(NOON + MINUTE))["conditions", "read"] == 2
    assert fleet.open() == set()


async def test_a_machine_that_a_malformed_document_names_stays_hidden() -> None:
    fleet = Fleet()
    fleet.holds("0:0", {"m1": heard(NOON - 2 * HOUR, 4)})
    fleet.holds("1:0", {"m1": heard(NOON, 9)})
    fleet.conditions.damage("1:0", "1:0", shard="?")
    await fleet.sweep(NOON)
    fleet.holds("0:0", {"m1": heard(NOON - 2 * HOUR, 5)})
    await fleet.sweep(NOON + MINUTE)
    assert fleet.open() == set()


@pytest.mark.parametrize(
    ("later", "catalog"),
    [
        (MINUTE, Cataloged(2, {"m1"}, policies={"fleet": Terms({"silent": {"afterMinutes": 5}})})),
        (timedelta(milliseconds=AFRESH), EVERYWHERE),
        (-MINUTE, EVERYWHERE),
    ],
    ids=["another catalog", "an hour went by", "the clock was put back"],
)
async def test_then_everything_is_read_anew(later: timedelta, catalog: Cataloged) -> None:
    fleet = Fleet()
    for shard in range(3):
        fleet.holds(f"{shard}:0", {f"m{shard}": heard(NOON)})
    await fleet.sweep(NOON)
    assert (await fleet.sweep(NOON + later, catalog))["conditions", "read"] == 3


async def test_what_is_wrong_still_when_maintenance_ends_opens_then_without_an_event() -> None:
    window = Window(millis(NOON - HOUR), millis(NOON + 5 * MINUTE))
    catalog = Cataloged(2, {"m1"}, policies={"machine:m1": Terms(windows=(window,))})
    fleet = Fleet()
    fleet.holds("0:0", {"m1": {"fault:coin": [1, 6, NOW, True], "fault:bill": [1, 6, NOW, True]}})
    fleet.holds("1:0", {"m2": heard(NOON)})
    await fleet.sweep(NOON, catalog)
    assert await fleet.sweep(NOON + 4 * MINUTE, catalog) == QUIET
    assert fleet.open() == set()
    assert fleet.alerts.bodies("alert") == []
    await fleet.sweep(NOON + 5 * MINUTE, catalog)
    assert fleet.open() == {"m1 fault coin", "m1 fault bill"}


minutes = st.integers(0, 150)
documents = st.sampled_from(["0:0", "0:1", "1:0"])
some = st.sampled_from(["m1", "m2", "m3"])
event = st.tuples(st.just("event"), documents, some, minutes, st.booleans())
sweeps = st.tuples(st.just("sweep"), st.integers(0, 2), st.integers(1, 40))


@given(st.lists(st.one_of(event, event, sweeps), max_size=40))
async def test_who_remembers_finds_what_one_finds_that_reads_everything(
    actions: list[tuple[Any, ...]],
) -> None:
    """Two processes sweep, each remembers; beside them a fleet whose sweeps all begin from nothing."""
    fleet, other, now = Fleet(), Fleet(), NOON
    processes = [fleet.started(), fleet.started()]
    held: dict[str, dict[str, Entry]] = {}
    for number, (name, *how) in enumerate([*actions, ("sweep", 0, 1)]):
        if name == "event":
            document, machine, before, fault = how
            entry = heard(now - before * MINUTE, number) | {"fault:coin": [1, number, millis(now), fault]}
            held[document] = held.get(document, {}) | {machine: entry}
            for one in (fleet, other):
                one.holds(document, held[document])
            continue
        now += how[1] * MINUTE
        await fleet.sweep(now, process=processes[how[0] % 2])
        await other.sweep(now, process=other.started())
        assert fleet.open() == other.open()


def test_documents_that_are_gone_are_forgotten() -> None:
    looks = Looks()
    looks.learn("0:0", ["m1"])
    looks.learn("1:0", ["m1", "m2"])
    looks.learn("2:0", ["m1"])
    assert looks.partners(["1:0"]) == {"0:0", "1:0", "2:0"}
    assert looks.partners(["9:0"]) == set()
