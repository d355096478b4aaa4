"""Days of scopes, read for a range and the one before it: each a document of its own, a bounded number."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from vending.documents.days import Figures
from vending.views.day_figures import DayFigures, Scope, Sold
from vending.views.sums import Both, Span, summed

READS = 800
"""Point reads of one answer. An answer that would take more is refused before the first."""
READS_AT_ONCE = 32


class TooMuch(ValueError):
    """What is asked would take too many reads; the text says what to ask instead."""


@dataclass(frozen=True)
class TwoRanges:
    """What was read."""

    span: Span
    found: Mapping[tuple[Scope, str], Sold]

    def both(self, scope: Scope) -> Both:
        """The sums of a scope."""
        return Both(*(summed(self._of(scope, span.days)) for span in (self.span, self.span.before)))

    @property
    def defective(self) -> int:
        """Malformed documents."""
        return sum(sold.defective for sold in self.found.values())

    @property
    def empty(self) -> bool:
        """Whether no day of any scope is stored."""
        return not any(sold.there for sold in self.found.values())

    def _of(self, scope: Scope, days: Sequence[str]) -> list[Figures]:
        return [self.found[scope, day].figures for day in days]


async def read(figures: DayFigures, scopes: Collection[Scope], span: Span, *, products: bool) -> TwoRanges:
    """Both ranges of all the scopes. Raises TooMuch, and Transient."""
    days = [*span.before.days, *span.days]
    check(len(days) * sum(figures.reads(scope, products=products) for scope in scopes), len(days))
    gate = asyncio.Semaphore(READS_AT_ONCE)

    async def one(scope: Scope, day: str) -> Sold:
        async with gate:
            return await figures.of(scope, day, products=products)

    wanted = [(scope, day) for scope in scopes for day in days]
    found = await asyncio.gather(*(one(*pair) for pair in wanted))
    return TwoRanges(span, dict(zip(wanted, found, strict=True)))


def check(reads: int, days: int) -> None:
    """Raises TooMuch; ``days`` are those of both ranges."""
    if reads <= READS:
        return
    fewer = READS * days // reads // 2
    instead = f"at most {fewer} days, or for a part of the fleet" if fewer else "a part of the fleet"
    raise TooMuch(
        f"with the range before it this takes {reads:,} reads, {reads // days} a day, and an answer has "
        f"{READS}: ask for {instead}"
    )
