"""Since when a machine's holes are open: the newest of them, with the time at which one saw them.

A gap is ``[book, first, last, at]``: the numbers that an event skipped, and when (ms since 1970 UTC) the hub
took that event in. It says how events came, not what they said, as ``delivered`` does.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from vending.state.intervals import Intervals, contains

KEPT = 8
Gap = list[Any]


def with_gap(gaps: Iterable[Gap], gap: Gap) -> list[Gap]:
    """The gaps and one more; the newest of them."""
    return sorted([*gaps, gap], key=lambda gap: (gap[3], *gap[:3]))[-KEPT:]


def still_open(gaps: Iterable[Gap], applied: Mapping[str, Intervals]) -> list[Gap]:
    """Those of which a number is neither counted nor given up yet."""
    return [gap for gap in gaps if gap[0] in applied and _lacks(applied[gap[0]], gap[1], gap[2])]


def _lacks(held: Intervals, first: int, last: int) -> bool:
    """Whether a number from first to last is not in the set: else one interval has them all."""
    return not contains([pair for pair in held if pair[1] >= last], first)
