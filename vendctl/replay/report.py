"""What a replay found: figures for machines, a table for people, and every fault in words."""

import io
import shutil
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from vendctl.replay.reconcile import Mismatch, Sum
from vendctl.replay.verify import Verified
from vending.money import amount

SHOWN = 40
"""Mismatches that are told in words; the JSON has all of them."""


@dataclass
class Outcome:
    """Of one run. Sums are what the ledger holds, not what the file says."""

    currency: str
    time_zone: str
    rows: int
    events: int
    days: int
    machines: dict[str, Sum]
    others: dict[str, int] = field(default_factory=dict)
    """Revenue in currencies other than the mapping's."""
    notes: list[str] = field(default_factory=list)
    """What the reading assumed, left out or counted although it was doubtful."""
    mismatches: list[Mismatch] = field(default_factory=list)
    dead_letters: dict[str, int] = field(default_factory=dict)
    archive_gaps: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    changed: bool = False
    """Whether a repeated run altered stock or ledger, which it must not."""
    verified: Verified | None = None
    """With ``--verify``: what the audit and the rebuild said."""

    @property
    def total(self) -> Sum:
        """All machines."""
        return sum(self.machines.values(), Sum())

    def figures(self) -> dict[str, Any]:
        """As JSON; money in minor units."""
        return {
            "revenueMinor": self.total.revenue,
            "units": self.total.units,
            "deadLettered": sum(self.dead_letters.values()),
            "archiveGaps": sum(self.archive_gaps.values()),
            "mismatches": [one.fields() for one in self.mismatches],
            "machines": {
                name: {"revenueMinor": sold.revenue, "units": sold.units}
                for name, sold in self.machines.items()
            },
            "currency": self.currency,
            **({"otherCurrencies": self.others} if self.others else {}),
            **({"notes": self.notes} if self.notes else {}),
            "timeZone": self.time_zone,
            "rows": self.rows,
            "events": self.events,
            "days": self.days,
            "lost": self.lost,
            "doubled": self.doubled,
            "changed": self.changed,
            **(self.verified.figures() if self.verified else {}),
        }

    def faults(self) -> list[str]:
        """Everything that makes the run fail; empty after a good one."""
        told = [str(one) for one in self.mismatches[:SHOWN]]
        if len(self.mismatches) > SHOWN:
            told.append(f"and {len(self.mismatches) - SHOWN} more sums are off")
        told += [f"{n} events are dead letters: {reason}" for reason, n in self.dead_letters.items()]
        told += [f"partition {p}: {n} events are not archived" for p, n in self.archive_gaps.items()]
        if self.lost:
            told.append(f"{self.lost} events are lost: neither applied nor among the dead letters")
        if self.doubled:
            told.append(f"{self.doubled} ledger numbers stand in two lines")
        if self.changed:
            told.append("this run altered the ledger, though all its events were there before")
        return told + (self.verified.faults() if self.verified else [])


def shown(outcome: Outcome) -> str:
    """The table, for people."""
    table = Table(box=None, pad_edge=False)
    table.add_column("machine")
    table.add_column(f"revenue {outcome.currency}", justify="right")
    table.add_column("units", justify="right")
    for name, sold in (outcome.machines | {"all": outcome.total}).items():
        table.add_row(name, amount(sold.revenue, outcome.currency), f"{sold.units:,}")
    for code, minor in outcome.others.items():
        table.add_row(f"all, in {code}", amount(minor, code), "")
    figures = outcome.figures()
    text = io.StringIO()
    console = Console(highlight=False, file=text, width=shutil.get_terminal_size().columns)
    console.print(table)
    console.print(
        f"{outcome.rows:,} rows of {outcome.days:,} days became {outcome.events:,} events; "
        f"{figures['deadLettered']} dead letters, {figures['archiveGaps']} archive gaps, "
        f"{len(outcome.mismatches)} sums off (ledger, machine days and fleet days against the file)",
        soft_wrap=True,
    )
    if outcome.verified:
        console.print(str(outcome.verified), soft_wrap=True)
    return text.getvalue().rstrip()
