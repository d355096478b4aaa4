"""What is wrong with the rows of a file: by kind, with a count and the first lines of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vendctl.replay.errors import RowsRefused

SHOWN = 3
"""Faults of a kind that are told in full."""
KINDS = 10
"""Kinds that are told."""
NUMBERED = 10
"""Further lines of a kind that are named by their numbers."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Of one row. Faults of the same ``kind`` need the same cure."""

    line: int
    text: str
    kind: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def refusal(path: Path, faults: Sequence[Fault], *, mapped: bool) -> RowsRefused:
    """The error that has all of them, and tells the most frequent kinds first. ``mapped``: with a mapping."""
    kinds: dict[str, list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    lines = [f"{path} cannot be replayed, nothing was sent. {_counted(len(faults), len(kinds))}:"]
    for same in sorted(kinds.values(), key=lambda same: -len(same))[:KINDS]:
        lines += [f"  {fault}" for fault in same[:SHOWN]]
        if rest := [str(fault.line) for fault in same[SHOWN:]]:
            named = ", ".join(rest[:NUMBERED]) + (", …" if len(rest) > NUMBERED else "")
            lines.append(
                f"    and {len(rest):,} more of this kind: {'lines' if rest[1:] else 'line'} {named}"
            )
    if len(kinds) > KINDS:
        lines.append(f"  and {len(kinds) - KINDS} more kinds")
    if not mapped:
        lines.append("  A mapping with nothing but the table that is missing will do: --map mapping.toml")
    ordered = sorted(faults, key=lambda fault: fault.line)
    return RowsRefused("\n".join(lines), [str(fault) for fault in ordered])


def _counted(faults: int, kinds: int) -> str:
    many = f"{faults:,} rows are" if faults > 1 else "One row is"
    return f"{many} wrong" + (f", in {kinds} ways" if kinds > 1 else "")
