"""Audits that say something else than the devices' events."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.alerts.test_alert_lifecycle import World
from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Audited
from vending.alerts.transitions import Finding
from vending.alerts.watch_audits import BACK, watch_audits
from vending.documents.audits import AuditRecord, audit_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def record(number: int = 1, at: int | None = None, **more: Any) -> AuditRecord:
    facts: dict[str, Any] = {"placed": "after", "reconciliation": None} | more
    return AuditRecord(
        id=audit_id(number), machine_id="m1", number=number, upload="u", uploaded_at=9, read_at=9,
        at=number if at is None else at, data={}, **facts,
    )  # fmt: skip


def beside(missed: int | None, money: int | None = 0, cash: int | None = 0) -> dict[str, Any]:
    """As a record keeps it: what the machine does not say is not there."""
    vends = {"missed": missed, "variance": money}
    told = {"cash": {} if cash is None else {"variance": cash}}
    return {"vends": {name: x for name, x in vends.items() if x is not None}, "payments": told}


def found(held: AuditRecord, **said: Any) -> list[Finding]:
    policy = Policy({"audit-difference": said})
    return list(rules.named("audit-difference").findings(Audited(held, 9, policy)))


@pytest.mark.parametrize(
    ("reconciliation", "said", "firing"),
    [
        (beside(0), {}, False),
        (beside(5), {}, False),
        (beside(6), {}, True),
        (beside(-5), {}, False),
        (beside(-6), {}, True),
        (beside(6), {"vends": 6}, False),
        (beside(1), {"vends": 0}, True),
        (beside(0, 1_000), {}, False),
        (beside(0, 1_001), {}, True),
        (beside(0, -1_001), {}, True),
        (beside(0, 0, 1_000), {}, False),
        (beside(0, 0, 1_001), {}, True),
        (beside(0, 0, -1_001), {}, True),
        (beside(0, 0, 600), {"minor": 599}, True),
        (beside(None, None, None), {}, False),
        (beside(None, 1_001, None), {}, True),
        (None, {}, False),
    ],
)
def test_the_boundaries(reconciliation: Any, said: dict[str, Any], firing: bool) -> None:
    [finding] = found(record(reconciliation=reconciliation), **said)
    assert (finding.component, finding.firing) == ("ledger", firing)


@pytest.mark.parametrize("placed", ["baseline", "inside", "again", "left-out"])
def test_an_audit_that_claims_nothing_is_no_evidence(placed: str) -> None:
    assert found(record(placed=placed, reconciliation=beside(9))) == []


def test_it_says_what_differs() -> None:
    [finding] = found(record(reconciliation=beside(6, 700, -80)))
    assert finding.detail == {"missed": 6, "varianceMinor": 700, "cashVarianceMinor": -80}


async def test_it_opens_and_closes_from_the_feed_of_audits() -> None:
    world = World()
    for held, changed, states in (
        (record(1, reconciliation=beside(0)), 0, {}),
        (record(2, reconciliation=beside(9)), 1, {"ledger": "open"}),
        (record(3, placed="baseline"), 0, {"ledger": "open"}),
        (record(4, reconciliation=beside(1)), 1, {"ledger": "closed"}),
    ):
        world.machines.put(held.dump())
        batch = [{"type": "page", "machineId": "m1"}, held.dump(), {"type": "audit", "machineId": "m2"}]
        assert await watch_audits(batch, world.stores, NOW) == changed
        assert world.states() == states


async def test_an_audit_of_an_older_span_that_comes_late_says_nothing_against_the_newest() -> None:
    """The newer one agreed that nothing is wrong, and left no mark."""
    world = World()
    newer, late = record(7, at=500, reconciliation=beside(0)), record(8, at=400, reconciliation=beside(9))
    for held in (newer, late):
        world.machines.put(held.dump())
    assert await watch_audits([late.dump()], world.stores, NOW) == 0
    assert world.states() == {}


async def test_only_the_last_uploads_are_read_again_and_without_their_meters() -> None:
    world = World()
    for number in range(1, BACK + 10):
        held = record(number, at=1_000 - number, reconciliation=beside(0 if number < 5 else 9))
        world.machines.put(held.dump() | {"meters": {"vends": {}}})
    read: list[str] = []
    world.machines.fault = lambda what, _: read.append(what)
    last = record(BACK + 9, at=1_000 - BACK - 9, reconciliation=beside(9))
    assert await watch_audits([last.dump()], world.stores, NOW) == 1
    assert set(read) == {"select"}
    assert world.states() == {"ledger": "open"}


async def test_a_batch_without_audits_asks_nothing() -> None:
    world = World()

    def fault(operation: str, key: str) -> None:
        raise AssertionError(operation)

    world.alerts.fault = fault
    assert await watch_audits([{"type": "page"}, await world.stock(s21=0)], world.stores, NOW) == 0
