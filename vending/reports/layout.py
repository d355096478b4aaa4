"""A report as plain text and as HTML: the same tables, for those who read the one or the other. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

CELL = "padding:2px 14px 2px 0;vertical-align:top;text-align:"
NUMERIC = frozenset("0123456789.,+-–% ")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equally many cells below a title; ``heads`` may be (), ``note`` is a line below it."""

    title: str
    rows: Sequence[Sequence[str]] = ()
    heads: Sequence[str] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A heading, remarks that come before everything else, and tables."""

    heading: str
    remarks: Sequence[str]
    tables: Sequence[Table]
    link: str = ""
    """Where more can be seen; "" where that is not known."""


def as_text(report: Report) -> str:
    """Lines of plain text, columns made of spaces."""
    lines = [report.heading, *report.remarks]
    for table in report.tables:
        lines += ["", table.title, *_columns(table), *([f"  {table.note}"] if table.note else [])]
    return "\n".join([*lines, *(["", report.link] if report.link else [])]) + "\n"


def as_html(report: Report) -> str:
    """A whole document, without anything from elsewhere; styles stand at the cells, as mail readers need."""
    parts = [f"<h2>{escape(report.heading)}</h2>", *(f"<p>{escape(one)}</p>" for one in report.remarks)]
    for table in report.tables:
        parts += [f"<h3>{escape(table.title)}</h3>", _html_table(table) if table.rows else ""]
        parts += [f"<p>{escape(table.note)}</p>"] if table.note else []
    if report.link:
        parts.append(f'<p><a href="{escape(report.link)}">{escape(report.link)}</a></p>')
    body = "".join(parts)
    return f'<!doctype html><html lang="en"><body style="font-family:sans-serif">{body}</body></html>\n'


def _columns(table: Table) -> list[str]:
    rows = [table.heads, *table.rows] if table.heads and table.rows else table.rows
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = _numeric(table)
    return [
        "  " + "  ".join(_padded(*cell) for cell in zip(row, widths, right, strict=True)).rstrip()
        for row in rows
    ]


def _padded(cell: str, width: int, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)


def _html_table(table: Table) -> str:
    sides = ["right" if right else "left" for right in _numeric(table)]
    rows = [("th", table.heads)] if table.heads else []
    rows += [("td", row) for row in table.rows]
    lines = (
        "".join(
            f'<{tag} style="{CELL}{side}">{escape(cell)}</{tag}>'
            for cell, side in zip(row, sides, strict=True)
        )
        for tag, row in rows
    )
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _numeric(table: Table) -> list[bool]:
    """Which columns hold numbers: they are aligned to the right."""
    columns = zip(*table.rows, strict=True)
    return [all(NUMERIC.issuperset(cell) and ", " not in cell for cell in column) for column in columns]
