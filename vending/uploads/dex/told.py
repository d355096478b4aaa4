"""What was tolerated, collected while an audit is read; how many are kept is bounded."""

from vending.uploads.dex.audit import Kind, Tolerance

MOST = 10_000
"""Tolerances of one report that are told one by one."""
SHOWN = 60
"""Characters of a text that a detail cites."""


class Told:
    """The tolerances of one report, in the order in which they were met."""

    def __init__(self) -> None:
        self._kept: list[Tolerance] = []
        self._more = 0

    def __call__(self, line: int, kind: Kind, detail: str) -> None:
        """Keep one, or count it where there are too many."""
        if len(self._kept) < MOST:
            self._kept.append(Tolerance(line, kind, detail))
        else:
            self._more += 1

    def all(self) -> tuple[Tolerance, ...]:
        """By line; where there were too many, the last one says how many more."""
        kept = sorted(self._kept, key=lambda one: one.line)
        if self._more:
            kept.append(Tolerance(kept[-1].line, "too-many", f"{self._more:,} more are not told one by one"))
        return tuple(kept)


def cited(text: str) -> str:
    """A text of somebody else's inside a sentence of ours."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
