"""Evidence on which the rules on a machine's stock and days fire, and on which they no longer do."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Audited, Day, Evidence, Stock
from vending.documents.audits import AuditRecord, audit_id
from vending.documents.days import MachineDay
from vending.documents.habits import Habit
from vending.documents.stock import MachineStock
from vending.time import millis

NOW = millis(datetime(2026, 3, 1, 12, tzinfo=UTC))
MINUTE, HOUR = 60_000, 3_600_000


class Life(NamedTuple):
    """Evidence on which the rule fires and on which it no longer does, and what people read of it."""

    fires: Evidence
    ends: Evidence
    title: str
    opened: str
    closed: str


def stock(rev: int, now: int = NOW, units: int = 90, **more: Any) -> Stock:
    """A machine with one slot, of which nothing is wrong."""
    said: dict[str, Any] = {
        "slots": {"21": [[1, rev, units], [1, 1, 100], []]},
        "last": {"vend": [1, rev, NOW]},
    }
    return Stock(MachineStock(machine_id="m1", rev=rev, **said | more), now)


def jammed(rev: int, *failed: int) -> dict[str, Any]:
    orders = [[[1, number] for number in failed]] if failed else []
    return {"slots": {"21": [[1, 1, 90], [1, 1, 100], [], *orders]}, "last": {"restock": [1, 1, NOW]}}


def day(rev: int, **prices: Any) -> Day:
    figures = {"selections": {"21": {"vends": 1, "units": 1}}}
    document = MachineDay(
        id="day:2026-03-01", machine_id="m1", date="2026-03-01", rev=rev, sites=["s"], figures=figures,
        window=[0, 1], pages=1, catalog_version=1, version=1, prices=prices or None,
    )  # fmt: skip
    return Day(document, NOW)


def audited(number: int, missed: int) -> Audited:
    vends = {"missed": missed, "variance": missed * 100}
    beside = {"vends": vends, "payments": {"cash": {"variance": missed * 40}}}
    record = AuditRecord(
        id=audit_id(number), machine_id="m1", number=number, upload="u", uploaded_at=NOW, read_at=NOW, at=NOW,
        data={}, placed="after", reconciliation=beside,
    )  # fmt: skip
    return Audited(record, NOW)


def skipped(rev: int, now: int) -> Stock:
    applied = {"d/1": [[1, 3], [6, 9]]}
    return stock(rev, now, applied=applied, gaps=[["d/1", 4, 5, NOW - 2 * HOUR]])


ALWAYS = Habit(id="m1", time_zone="UTC", hours=[8] * 168, days=[4] * 7, through="2026-02-28", due=NOW)
OWED: dict[str, Any] = {"till": {"owed": [[1, 5, NOW, 250, "EUR", "21"]]}}
ROOM = Policy({"cash-to-collect": {"capacityMinor": 10_000}})
FULL = Stock(stock(1, till={"cash": [[1, 0, "EUR", 9_500]]}).document, NOW, ROOM)
LIVES: dict[str, Life] = {
    "low-stock": Life(
        stock(1, units=20), stock(2, units=100),
        "The machine runs low",
        "m1 runs low: 1 of 1 selections, 80 % of its capacity is gone",
        "m1 is filled again",
    ),
    "audit-difference": Life(
        audited(2, 6), audited(3, 0),
        "The machine's own meters differ from its events",
        "m1: since the audit before, the machine counted 6 vends and 600 (minor units), 240 of it in cash, "
        "that no event told of",
        "m1: the machine's own meters agree with its events again",
    ),
    "vend-failures": Life(
        stock(1, **jammed(1, 5, 6, 7)), stock(2, **jammed(2)),
        "Selection 21 gives nothing out",
        "m1: selection 21 was paid and gave nothing 3 times in a row",
        "m1: selection 21 sold, was filled or is switched off",
    ),
    "not-refunded": Life(
        stock(1, **OWED), stock(1, NOW + 73 * HOUR, **OWED),
        "Payments for nothing were not refunded",
        "m1: a payment was taken for nothing and not refunded: 250 EUR (minor units), selection 21",
        "m1: no further payment was taken for nothing",
    ),
    "cash-to-collect": Life(
        FULL, stock(2),
        "The cash should be collected",
        "m1: 9500 EUR (minor units) in cash wait to be collected",
        "m1: the cash was collected",
    ),
    "missing-numbers": Life(
        skipped(1, NOW), skipped(1, NOW + 8 * 24 * HOUR),
        "Ledger numbers are missing",
        "m1: 2 ledger numbers are missing: sales that the device has not sent, or lost",
        "m1: the missing ledger numbers came, were given up, or were told for long enough",
    ),
    "no-sale": Life(
        Stock(stock(1).document, NOW + 5 * HOUR, habit=ALWAYS), stock(2, NOW + 6 * HOUR),
        "The machine sells nothing",
        "m1 sells nothing, at a time at which it always did",
        "m1 sells again",
    ),
    "price-differs": Life(
        day(1, **{"21": [NOW, 160, "EUR", 150, "EUR"]}), day(2),
        "Selection 21 has another price than in the catalog",
        "m1: selection 21 costs 160 EUR, in the catalog 150 EUR (minor units)",
        "m1: selection 21 costs what the catalog says",
    ),
}  # fmt: skip
