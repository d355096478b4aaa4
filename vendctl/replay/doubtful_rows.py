"""Rows that may be no sales of their own: those to be left out, totals, and what stands in the file twice."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from vendctl.csv_table import Row
from vendctl.replay.faults import Fault
from vendctl.replay.mapping import Mapping
from vendctl.replay.sale import Sale

TOTAL = re.compile(
    r"(?:(?:grand|sub|sub-|zwischen|end)?\s*(?:totals?|totale|totaal|totaux|summe|sum|gesamt|gesamtsumme|somme|suma|"
    r"итого|合計|σύνολο))(?P<more>[ :].*)?",
    re.IGNORECASE,
)

KEEP_TOTALS = 'leave it out by [skip], or count it by totals = "keep" under [rows]'


@dataclass
class Chosen:
    """The rows that are sales, and what was found among the others."""

    rows: list[Row]
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def choose(header: Sequence[str], rows: Sequence[Row], mapping: Mapping) -> Chosen:
    """Leave out, once for all, what the mapping says; refuse what it does not say."""
    chosen = Chosen([])
    chosen.rows = _without_skipped(header, rows, mapping, chosen)
    if mapping.rows.totals == "refuse":
        for row in chosen.rows:
            if (word := _total(row)) is not None:
                text = f"looks like a total: {word!r}; {KEEP_TOTALS}"
                chosen.faults.append(Fault(row.line, text, "looks like a total"))
    _equal(chosen, mapping)
    if (column := mapping.columns.get("transaction")) is not None:
        _same_transaction(chosen, header.index(column), mapping)
    return chosen


def _without_skipped(
    header: Sequence[str], rows: Sequence[Row], mapping: Mapping, chosen: Chosen
) -> list[Row]:
    kept, left = [], Counter[tuple[str, str]]()
    for row in rows:
        for column, cells in mapping.skip.items():
            at = header.index(column)
            if at < len(row.cells) and row.cells[at] in cells:
                left[column, row.cells[at]] += 1
                break
        else:
            kept.append(row)
    chosen.notes += [
        f"[skip] left out {count:,} rows whose {column} is {cell!r}"
        for (column, cell), count in sorted(left.items())
    ]
    chosen.notes += [
        f"[skip] found no row whose {column} is {cell!r}"
        for column, cells in mapping.skip.items()
        for cell in cells
        if not left[column, cell]
    ]
    return kept


def _total(row: Row) -> str | None:
    """The cell that says so. A longer text (``Total Bran``) only where others are blank, as in totals."""
    for cell in row.cells:
        said = TOTAL.fullmatch(cell)
        if said and (not (said["more"] or "").strip(": ") or "" in row.cells):
            return cell
    return None


def sums_up(rows: Sequence[Row], sales: Sequence[Sale], mapping: Mapping) -> list[Fault]:
    """The last row as a total in whatever language: the sum of all others, with a cell blank that all others
    have filled. A fault, or nothing.
    """
    *others, last = sales
    if mapping.rows.totals == "keep" or len(others) < 2 or last.paid != sum(sale.paid for sale in others):
        return []
    if mapping.has("quantity") and last.quantity != sum(sale.quantity for sale in others):
        return []
    if all(
        cell or "" in column for cell, *column in zip(*(row.cells for row in reversed(rows)), strict=True)
    ):
        return []
    text = f"looks like a total: it has the sum of all other rows, and blank cells; {KEEP_TOTALS}"
    return [Fault(last.line, text, "looks like a total")]


def _equal(chosen: Chosen, mapping: Mapping) -> None:
    first: dict[tuple[str, ...], int] = {}
    again: list[tuple[Row, int]] = []
    for row in chosen.rows:
        line = first.setdefault(row.cells, row.line)
        if line != row.line:
            again.append((row, line))
    if not again:
        return
    if mapping.rows.equal == "refuse":
        cure = 'say under [rows] whether such are sales of their own (equal = "keep") or one row twice'
        for row, line in again:
            text = f'equals line {line} in every cell; {cure} (equal = "once")'
            chosen.faults.append(Fault(row.line, text, "equal rows"))
        return
    what = "were counted, too" if mapping.rows.equal == "keep" else "were left out"
    chosen.notes.append(
        f"{len(again):,} rows equal an earlier one and {what}: {_lines(row for row, _ in again)}"
    )
    if mapping.rows.equal == "once":
        gone = {row.line for row, _ in again}
        chosen.rows = [row for row in chosen.rows if row.line not in gone]


def _same_transaction(chosen: Chosen, at: int, mapping: Mapping) -> None:
    """Further rows of a transaction that are not equal to another (those were told already)."""
    first: dict[str, Row] = {}
    told: set[tuple[str, ...]] = set()
    again: list[tuple[Row, Row]] = []
    for row in chosen.rows:
        cell = row.cells[at] if at < len(row.cells) else ""
        if cell and row.cells not in told:
            told.add(row.cells)
            if first.setdefault(cell, row) is not row:
                again.append((row, first[cell]))
    if mapping.rows.same_transaction == "keep":
        if again:
            chosen.notes.append(f"{len(again):,} rows are further lines of a transaction")
        return
    chosen.faults += [
        Fault(
            row.line,
            f"has the transaction {row.cells[at]!r} of line {before.line}; where transactions have several "
            'lines, say same_transaction = "keep" under [rows]',
            "a transaction twice",
        )
        for row, before in again
    ]


def _lines(rows: Iterable[Row]) -> str:
    lines = [str(row.line) for row in rows]
    return f"lines {', '.join(lines[:10])}" + (", …" if len(lines) > 10 else "")
