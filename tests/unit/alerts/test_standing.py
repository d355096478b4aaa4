"""A partition stands still when its checkpoint does not move though events wait: nothing else does."""

from datetime import UTC, datetime, timedelta

import pytest

from vending.alerts import rules
from vending.alerts.rules.evidence import Backlog
from vending.alerts.standing import SCHEMA, Halt, Halts, noted
from vending.alerts.transitions import Finding
from vending.alerts.waiting import Numbers
from vending.errors import Transient

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMIT = 5 * MINUTE
Done = dict[str, Numbers]
Sweep = tuple[float, int, int]
"""Minutes after noon, checkpoint, the hub's last number."""


def findings(halts: Halts, done: Done, last: Numbers, now: datetime) -> list[Finding]:
    backlog = Backlog({}, halts, done, last, now, timedelta(days=1), LIMIT)
    return list(rules.named("partition-standing-still").findings(backlog))


def swept(*sweeps: Sweep) -> bool:
    """Whether the last of the sweeps finds that the partition stands."""
    halts, firing = Halts("1"), False
    for minute, done, last in sweeps:
        now = NOON + minute * MINUTE
        halts = Halts.decode(noted(halts, "1", {"f": {"0": done}}, {"0": last}, now).encode())
        (found,) = findings(halts, {"f": {"0": done}}, {"0": last}, now)
        firing = bool(found.firing)
    return firing


@pytest.mark.parametrize(
    ("sweeps", "firing"),
    [
        ([(0, 7, 9), (5, 7, 9)], False),
        ([(0, 7, 9), (5.1, 7, 9)], True),
        ([(0, 7, 9), (5.1, 7, 99)], True),
        ([(0, -1, 0), (5.1, -1, 0)], True),
        ([(0, 7, 9), (3, 8, 9), (5.1, 8, 9)], False),
        ([(minute, minute, 10_000) for minute in range(60)], False),
        ([(0, 7, 7), (600, 7, 7)], False),
        ([(0, 7, 7), (600, 7, 8)], False),
        ([(0, 7, 7), (600, 7, 8), (606, 7, 8)], True),
        ([(0, 7, 9), (60, 9, 9), (120, 9, 10), (121, 9, 10)], False),
        ([(0, 7, 9), (6, 7, 9), (7, 9, 9)], False),
        ([(0, 7, 9), (6, 7, 5)], False),
    ],
    ids=[
        "just-now",
        "over-the-limit",
        "while-others-arrive",
        "never-read",
        "moved-by-one",
        "slow-backlog",
        "idle",
        "first-after-hours",
        "and-it-stays",
        "caught-up-between",
        "moves-again",
        "hub-recreated",
    ],
)
def test_when_a_partition_stands_still(sweeps: list[Sweep], firing: bool) -> None:
    assert swept(*sweeps) is firing


def test_each_partition_of_each_function_stands_by_itself_and_has_a_finding_that_can_close() -> None:
    done: Done = {"a": {"0": 4, "1": 9}, "b": {"0": 9}}
    last = {"0": 9, "1": 9}
    halts = noted(Halts("1"), "1", done, last, NOON)
    assert halts.halts == {"a": {"0": Halt(4, NOON)}, "b": {"1": Halt(-1, NOON)}}
    found = findings(halts, done, last, NOON + 6 * MINUTE)
    assert {x.component: x.firing for x in found} == {"a:0": True, "a:1": False, "b:0": False, "b:1": True}
    assert {x.machine for x in found} == {"$hub"}
    assert not any("/" in x.id for x in found)


def test_a_recreated_hub_begins_anew_and_what_newer_code_wrote_waits() -> None:
    halts = noted(Halts("1"), "1", {"a": {"0": 4}}, {"0": 9}, NOON)
    anew = noted(halts, "2", {"a": {"0": 4}}, {"0": 9}, NOON + MINUTE)
    assert anew == Halts("2", {"a": {"0": Halt(4, NOON + MINUTE)}})
    with pytest.raises(Transient, match="schema"):
        Halts.decode(Halts("1", schema=SCHEMA + 1).encode())
