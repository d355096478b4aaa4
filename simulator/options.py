"""What options of several commands mean."""

from collections.abc import Collection
from datetime import UTC, datetime

from simulator.demand import EPOCH
from simulator.faults import KNOWN
from simulator.link import FAULTS

DRY_START = "2026-01-05T00:00:00Z"
"""A Monday: where a run without a hub begins, so that its bytes depend on the seed alone."""


def faults_of(chosen: str, left_out: Collection[str] = ()) -> frozenset[str]:
    """The faults of a list by commas, but for some. Raises ValueError for a name that does not exist."""
    names: set[str] = set()
    for name in chosen.split(","):
        names |= {"all": set(FAULTS), "none": set()}.get(name, {name})
    if unknown := names - KNOWN.keys():
        raise ValueError(f"no such faults: {', '.join(sorted(unknown))}; there are {', '.join(KNOWN)}")
    return frozenset(names - set(left_out))


def moment(text: str) -> int:
    """RFC 3339 as milliseconds since 1970; UTC where it names no zone. Raises ValueError."""
    try:
        said = datetime.fromisoformat(text)
    except ValueError as fault:
        raise ValueError(f"{text!r} is no date like {DRY_START}") from fault
    said = said if said.tzinfo else said.replace(tzinfo=UTC)
    return int((said - EPOCH).total_seconds() * 1000)
