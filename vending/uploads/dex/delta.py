"""Two audits of one machine → what it sold between them, from its cumulative counters alone.

Interval counters are cleared by whoever reads the machine, so they say nothing between two reads of ours.
Where the two audits cannot be compared, nothing is claimed: the sales of that time are not known, and an
invented sale is worse than a missing one.
"""

from typing import Literal

from msgspec import field
from msgspec.structs import asdict

from vending.uploads.dex.audit import Audit, CashFlow, Meter, Part, Selection, Tally
from vending.uploads.dex.counters import UNSAID, Change, Limits, change, moved, total

LIMITS = Limits()
Break = Literal[
    "other-machine", "other-board", "other-program", "other-money", "older", "reset", "implausible",
    "first", "wrong-checksum", "no-meters", "overlap",
]  # fmt: skip
"""The last four are said of an audit by itself: :mod:`vending.uploads.dex.series`."""


class Baseline(Part, frozen=True):
    """Why nothing is claimed. The later audit is the new baseline; with ``older`` the one before stays it."""

    reason: Break
    detail: str


class Sold(Part, frozen=True):
    """What one selection sold, and through which device (CA, DA, DB, TA) where the machine says that."""

    paid: Change
    test: Change
    free: Change
    devices: dict[str, Change] = field(default_factory=dict)


class Delta(Part, frozen=True, kw_only=True):
    """An interval of one machine; empty but for its ends where it has a ``baseline``."""

    since: str | None = None
    until: str | None = None
    """Machine-local times of the two reads."""
    checked: bool = False
    """Whether both checksums are right; where not, a damaged digit may be counted as sales."""
    baseline: Baseline | None = None
    paid: Change = UNSAID
    test: Change = UNSAID
    free: Change = UNSAID
    payments: dict[str, Change] = field(default_factory=dict)
    selections: dict[str, Sold] = field(default_factory=dict)
    cash: CashFlow = CashFlow()


def delta(before: Audit, after: Audit, limits: Limits = LIMITS) -> Delta:
    """The interval between two audits, the earlier one first."""
    found = _interval(before, after, limits)
    broken = (
        other_counter(before, after) or _order(before, after) or _totals(found.paid, found.test, found.free)
    )
    if broken is None:
        return found
    return Delta(since=found.since, until=found.until, checked=found.checked, baseline=broken)


def _interval(before: Audit, after: Audit, limits: Limits) -> Delta:
    """Every meter by itself."""

    def went(one: Meter | None, other: Meter | None) -> Change:
        return change(_tally(one), _tally(other), limits)

    return Delta(
        since=before.read_at,
        until=after.read_at,
        checked=before.checksum.verdict == after.checksum.verdict == "right",
        paid=went(before.vends.paid, after.vends.paid),
        test=went(before.vends.test, after.vends.test),
        free=went(before.vends.free, after.vends.free),
        payments={
            name: went(before.payments.get(name), after.payments.get(name))
            for name in before.payments | after.payments
        },
        selections={
            name: _sold(before.selections.get(name), after.selections.get(name), limits)
            for name in before.selections | after.selections
        },
        cash=_flow(before.cash.cumulative, after.cash.cumulative, limits),
    )


def other_counter(before: Audit, after: Audit) -> Baseline | None:
    """Whether something else counts now, or counts in something else. What one of them leaves out is not."""
    nameless = not (before.machine.serial or before.machine.asset)
    pairs: tuple[tuple[Break, str, str, str], ...] = (
        ("other-machine", "serial number ID101", before.machine.serial, after.machine.serial),
        ("other-machine", "asset number ID106", before.machine.asset, after.machine.asset),
        ("other-machine", "DXS01", before.communication if nameless else "", after.communication),
        ("other-board", "control board CB101", before.board.serial, after.board.serial),
        ("other-program", "program CB103", before.board.build, after.board.build),
        ("other-program", "program ID103", before.machine.build, after.machine.build),
        ("other-money", "currency", before.money.currency, after.money.currency),
        ("other-money", "decimals", str(before.money.decimals), str(after.money.decimals)),
    )
    for reason, what, one, other in pairs:
        if one and other and one != other:
            return Baseline(reason, f"{what}: {one} before, {other} now")
    return None


def _order(before: Audit, after: Audit) -> Baseline | None:
    """The machine's own number of the read decides, its clock where it sends none.

    A lower number at a later time is no older read: the memory with the number in it was cleared.
    """
    one, other = before.reading.number, after.reading.number
    if one is None or other is None:
        one, other = before.reading.resets, after.reading.resets
    earlier = bool(before.read_at and after.read_at and after.read_at < before.read_at)
    later = bool(before.read_at and after.read_at and after.read_at > before.read_at)
    if one is not None and other is not None and other != one:
        if other > one:
            return None
        return Baseline("reset" if later else "older", f"read number {one} before, {other} now")
    return Baseline("older", f"read at {before.read_at} before, at {after.read_at} now") if earlier else None


def _totals(*vends: Change) -> Baseline | None:
    """Totals go back when a memory was cleared, and then none of the machine's counters is believed."""
    for name, one in zip(("VA1", "VA2", "VA3"), vends, strict=True):
        if one.why == "reset":
            return Baseline("reset", f"{name} went back")
        if one.why == "implausible":
            return Baseline("implausible", f"{name} went further than one interval sells")
    return None


def _tally(meter: Meter | None) -> Tally | None:
    """None for a meter that was not sent."""
    return meter.cumulative if meter and meter.cumulative != Tally() else None


def _sold(before: Selection | None, after: Selection | None, limits: Limits) -> Sold:
    """One selection. A meter that went back was cleared by itself, and the others may go on."""
    nothing = Selection("")
    one, other = before or nothing, after or nothing
    held = {(sale.device, sale.price_list): sale.meter for sale in one.sales}
    now = {(sale.device, sale.price_list): sale.meter for sale in other.sales}
    devices: dict[str, list[Change]] = {}
    for key in held | now:
        devices.setdefault(key[0], []).append(change(_tally(held.get(key)), _tally(now.get(key)), limits))
    return Sold(
        change(_tally(one.paid), _tally(other.paid), limits),
        change(_tally(one.test), _tally(other.test), limits),
        change(_tally(one.free), _tally(other.free), limits),
        {device: total(changes) for device, changes in devices.items()},
    )


def _flow(before: CashFlow, after: CashFlow, limits: Limits) -> CashFlow:
    """Cash in and out of an interval; nothing where one of the counters went back or too far."""
    found: dict[str, int | None] = {}
    for name in asdict(before):
        found[name], why = moved(getattr(before, name), getattr(after, name), limits.value)
        if why in ("reset", "implausible"):
            return CashFlow()
    return CashFlow(**found)
