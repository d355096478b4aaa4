"""One cumulative counter, read twice: how far it went, or why that cannot be said. Never negative."""

from typing import Literal

from vending.uploads.dex.audit import Part, Tally

Why = Literal["", "wrap", "new", "gone", "unsaid", "reset", "implausible"]
MODULI = (100_000_000, 2**32)
"""Counters of eight digits, and binary ones: both begin at 0 again."""


class Limits(Part, frozen=True):
    """What one interval may sell at most; more is taken for something else than sales."""

    count: int = 10_000
    value: int = 2_000_000


class Change(Part, frozen=True):
    """Money and vends of an interval; None where ``why`` says that it cannot be said.

    ``wrap``: it went over the counter's end. ``new``, ``gone``: only one of the two audits has the meter.
    ``unsaid``: neither number stands in both. ``reset``: it went back. ``implausible``: it went too far.
    """

    value: int | None = None
    count: int | None = None
    why: Why = ""


UNSAID = Change(why="unsaid")


def moved(before: int | None, after: int | None, most: int) -> tuple[int | None, Why]:
    """How far a counter went; ``most`` is the most that is believed, also of one that began again."""
    if before is None or after is None:
        return None, "unsaid"
    if after >= before:
        far = after - before
        return (far, "") if far <= most else (None, "implausible")
    for modulus in MODULI:
        if before < modulus and (far := after + modulus - before) <= most:
            return far, "wrap"
    return None, "reset"


def change(before: Tally | None, after: Tally | None, limits: Limits) -> Change:
    """Of a pair of numbers that are reset together: one that went back or too far discredits the other."""
    if before is None or after is None:
        return Change(why="unsaid" if after is before else "gone" if after is None else "new")
    (value, of_value), (count, of_count) = (
        moved(before.value, after.value, limits.value),
        moved(before.count, after.count, limits.count),
    )
    reasons = (of_value, of_count)
    for bad in ("reset", "implausible"):
        if bad in reasons:
            return Change(why=bad)
    if value is None and count is None:
        return UNSAID
    return Change(value, count, "wrap" if "wrap" in reasons else "")


def total(changes: list[Change]) -> Change:
    """Several meters of one thing together: said only where each is."""
    if not changes or any(one.value is None and one.count is None for one in changes):
        return Change(why=next((one.why for one in changes if one.why), "unsaid"))
    values, counts = [one.value for one in changes], [one.count for one in changes]
    return Change(_sum(values), _sum(counts), "wrap" if any(one.why for one in changes) else "")


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
