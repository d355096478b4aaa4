"""The text of a CSV file as a header and rows of cells.

A line of nothing but separators is empty; empty cells beyond the header are nothing; Excel's line ``sep=;``
says the separator; separators inside quotes do not count when it is guessed from the header.
"""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SEPARATORS = ",;\t|"


class NoTable(Exception):
    """The file cannot be read as a table; the text names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """Cells without the spaces around them; the number of the row's last line in the file."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A file's header, without empty cells at its end, and its rows that have something in them."""

    header: list[str]
    rows: list[Row]


def table(path: Path) -> Table:
    """Read a file. Raises :class:`NoTable`: it cannot be read, is no UTF-8, no CSV, or has no header."""
    text, before = _text(path), 0
    stated = re.match(r'"?sep=(.)"?[ \t,;]*\r?\n', text, re.IGNORECASE)
    if stated:
        text, before = text[stated.end() :], 1
    separator = stated[1] if stated else separator_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = []
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                rows.append(Row(before + reader.line_num, stripped))
    except csv.Error as fault:
        raise NoTable(f"{path} line {before + reader.line_num} is no CSV: {fault}") from fault
    if not rows:
        raise NoTable(f"{path} is empty: the first line must name the columns")
    header = list(rows[0].cells)
    while not header[-1]:
        header.pop()
    return Table(header, [Row(row.line, _trimmed(row.cells, len(header))) for row in rows[1:]])


def separator_of(text: str) -> str:
    """The separator that the first record has most of, outside quotes; a comma where it has none."""
    counts: Counter[str] = Counter()
    quoted = False
    for sign in text.lstrip("\r\n"):
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "\r\n":
            break
        elif not quoted and sign in SEPARATORS:
            counts[sign] += 1
    return max(SEPARATORS, key=lambda sign: counts[sign])


def _trimmed(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    while len(cells) > width and not cells[-1]:
        cells = cells[:-1]
    return cells


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise NoTable(f"{path} cannot be read: {fault.strerror}") from fault
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NoTable(f"{path} is not UTF-8 but UTF-16: save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        raise NoTable(f"{path} is not UTF-8 in line {line} ({fault.reason}): save it as UTF-8") from fault
