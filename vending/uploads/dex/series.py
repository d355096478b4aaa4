"""Where an audit belongs among those that a machine sent before, in whatever order people upload them.

A *series* is a run of audits of one board and memory whose counters go on from each other. It is known by its
first and its last audit, which are all that the sum of its sales depends on: each interval that is claimed
lengthens it at one of its ends, so the intervals of a series never overlap, and their sum is the last audit
less the first one, whatever came in which order and how often.

An audit that fits no series begins one, as its baseline, and claims nothing. So does one whose claim would
reach over vends that another series may have counted (:mod:`vending.uploads.dex.overlap`), and one that fits
several lengthens that which claims least: an invented sale is worse than a missing one.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from vending.uploads.dex.audit import Audit, Meter, Tally
from vending.uploads.dex.delta import Baseline, Delta, delta
from vending.uploads.dex.overlap import Ends, overlaps

Placed = Literal["baseline", "after", "before", "inside", "again", "left-out"]
"""What an audit is to the series: its beginning; a new end, or a new beginning that is older; between its
ends; the same read as one of them; or it says nothing that could be compared."""
FIRST = Baseline("first", "no audit of the machine before it")
OVERLAP = Baseline("overlap", "another series reaches over the same vends, and no clock tells them apart")


class Fit(NamedTuple):
    """How an audit fits a series, and the interval that it adds, if it adds one."""

    placed: Placed
    added: Delta | None = None


class Place(NamedTuple):
    """Which of the series it fits (None: it begins one, or says nothing), how, and why it claims nothing."""

    series: int | None
    fit: Fit
    why: Baseline | None = None


def place(series: Sequence[Ends], audit: Audit) -> Place:
    """The audit among the series, the one that was lengthened last at the end."""
    if (why := _unusable(audit)) is not None:
        return Place(None, Fit("left-out"), why)
    tried = [(number, _apart(number, series, audit)) for number in range(len(series))]
    fits = [(number, found) for number, found in tried if isinstance(found, Fit)]
    if fits:
        number, found = min(fits, key=lambda one: (*_claimed(one[1].added), -one[0]))
        return Place(number, found)
    breaks = [found for _, found in tried if isinstance(found, Baseline)]
    return Place(None, Fit("baseline"), breaks[-1] if breaks else FIRST)


def _apart(number: int, series: Sequence[Ends], audit: Audit) -> Fit | Baseline:
    """How the audit fits one of the series, if what it claims no other has counted."""
    ends = series[number]
    found = fit(ends, audit)
    if isinstance(found, Baseline) or found.added is None:
        return found
    claim = Ends(audit, ends.first) if found.placed == "before" else Ends(ends.last, audit)
    others = (other for at, other in enumerate(series) if at != number)
    return OVERLAP if any(overlaps(claim, other) for other in others) else found


def fit(ends: Ends, audit: Audit) -> Fit | Baseline:
    """How the audit fits one series, or why it does not.

    Before or within a series stands only what the machine's own clock says so of: read numbers begin again
    with a new memory.
    """
    first, last = ends
    if _said(audit) in (_said(first), _said(last)):
        return Fit("again")
    forward = _next(last, audit)
    if forward.baseline is None:
        return Fit("after", forward)
    if not audit.read_at or not first.read_at or not last.read_at or audit.read_at > last.read_at:
        return forward.baseline
    if audit.read_at < first.read_at:
        backward = _next(audit, first)
        return forward.baseline if backward.baseline else Fit("before", backward)
    inside = _next(first, audit).baseline is None and _next(audit, last).baseline is None
    return Fit("inside") if inside else forward.baseline


def _next(before: Audit, after: Audit) -> Delta:
    """Their interval; none where number and clock contradict each other: then neither tells the order."""
    found = delta(before, after)
    turned = bool(before.read_at and after.read_at and after.read_at < before.read_at)
    if found.baseline is None and turned:
        detail = f"read at {before.read_at} before, at {after.read_at} now, with a higher number"
        return Delta(since=found.since, until=found.until, baseline=Baseline("older", detail))
    return found


def _unusable(audit: Audit) -> Baseline | None:
    """What must not be an end of a series: the next interval would be as wrong as it is."""
    if audit.checksum.verdict == "wrong":
        return Baseline("wrong-checksum", "G85 is wrong: a damaged digit may be counted as sales")
    meters = [audit.vends.paid, *(one.paid for one in audit.selections.values())]
    if all(meter.cumulative == Tally() for meter in meters):
        return Baseline("no-meters", "neither VA1 nor PA2 says what was sold")
    return None


def _said(audit: Audit) -> tuple[object, ...]:
    """What two uploads of one read have in common."""
    sold = {name: _cumulative(one.paid) for name, one in audit.selections.items()}
    payments = {name: _cumulative(meter) for name, meter in audit.payments.items()}
    machine = audit.machine, audit.board, audit.read_at, audit.reading.number
    return (*machine, _cumulative(audit.vends.paid), sold, payments)


def _cumulative(meter: Meter) -> Tally:
    return meter.cumulative


def _claimed(found: Delta | None) -> tuple[int, bool]:
    """Vends, and whether it claims any time at all."""
    if found is None:
        return 0, False
    if found.paid.count is not None:
        return found.paid.count, True
    return sum(one.paid.count or 0 for one in found.selections.values()), True
