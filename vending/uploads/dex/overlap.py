"""Whether a claim between two audits would count again what another series of the machine has counted.

Two series of one board that reach over the same numbers of the counter are either two memories (one was
cleared), or one memory whose audits came in an order that nobody can tell. Only the first may be counted
twice, and only where it is proven: an audit that was read after another, and stands lower, is of another
memory.
"""

from typing import NamedTuple

from vending.uploads.dex.audit import Audit
from vending.uploads.dex.delta import other_counter

Order = tuple[str, int]
"""When an audit was read, or the number of its read."""


class Ends(NamedTuple):
    """The first and the last audit of a series, or of a claim."""

    first: Audit
    last: Audit


def overlaps(claim: Ends, series: Ends) -> bool:
    """Whether the claim and the series have counted vends in common, as far as anybody knows."""
    if other_counter(series.last, claim.last) is not None:
        return False
    begins = max(standing(claim.first), standing(series.first))
    ends = min(standing(claim.last), standing(series.last))
    return begins < ends and not any(_foreign(audit, series) for audit in claim)


def standing(audit: Audit) -> int:
    """Paid vends since the memory began, as far as the audit says."""
    total = audit.vends.paid.cumulative.count
    if total is not None:
        return total
    return sum(one.paid.cumulative.count or 0 for one in audit.selections.values())


def _foreign(audit: Audit, series: Ends) -> bool:
    """Whether the audit is proven to be of another memory: its counter and its order disagree."""
    places = _places(audit, series)
    if places is None:
        return False
    at, first, last = places
    count, lowest, highest = standing(audit), standing(series.first), standing(series.last)
    if at > last:
        return count < highest
    if at < first:
        return count > lowest
    return first < at < last and not lowest <= count <= highest


def _places(audit: Audit, series: Ends) -> tuple[Order, Order, Order] | None:
    """The orders of an audit and of a series' ends: by the machine's clock, else by its read numbers."""
    at, first, last = (one.read_at for one in (audit, *series))
    if at and first and last:
        return (at, 0), (first, 0), (last, 0)
    number, lowest, highest = (one.reading.number for one in (audit, *series))
    if number is None or lowest is None or highest is None:
        return None
    return ("", number), ("", lowest), ("", highest)
