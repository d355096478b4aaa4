"""Rows as CSV (RFC 4180), for spreadsheets. A row is a Struct; its fields are the columns, as in JSON.

A part of a row is columns of its own, ``totals.vends``; a list of texts is one cell, ``A1 B2``; what else is
no single value is a cell of JSON. No value is an empty cell.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import msgspec
from msgspec import UNSET, Struct, structs

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a text that begins so for a formula (owasp.org, "CSV Injection")."""


def harmless(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def columns(kind: type[Struct]) -> list[str]:
    """The header of rows of a kind."""
    found: list[str] = []
    for one in structs.fields(kind):
        part = _part(one.type)
        inner = [f"{one.encode_name}.{name}" for name in columns(part)] if part else [one.encode_name]
        found += inner
    return found


def csv_text(kind: type[Struct], rows: Iterable[Struct]) -> str:
    """A header and a line for each row, which end with CR LF."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns(kind))
    writer.writerows(list(_cells(row)) for row in rows)
    return out.getvalue()


def _cells(row: Struct) -> Iterator[str | int | float]:
    for one in structs.fields(row):
        value = getattr(row, one.name)
        if _part(one.type):
            yield from _cells(value)
        else:
            yield _cell(value)


def _cell(value: Any) -> str | int | float:
    if value is None or value is UNSET:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return harmless(" ".join(value))
    return msgspec.json.encode(value).decode() if value else ""


def _part(shape: Any) -> type[Struct] | None:
    """The Struct that a field always holds; one that may be missing is a cell."""
    if isinstance(shape, type) and issubclass(shape, Struct):
        return shape
    annotated = getattr(shape, "__metadata__", None)
    return _part(get_args(shape)[0]) if annotated else None
