"""The rows of a sales file as sales. A row that cannot be one is an error with its line number."""

import csv
import re
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Values
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from vendctl.replay import mapping as mappings
from vendctl.replay.errors import ReplayError
from vendctl.replay.mapping import PAYMENTS, Mapping
from vendctl.replay.money import minor_units
from vendctl.replay.names import digest, slug
from vendctl.replay.times import when
from vending.domain.stock import MAX_SLOTS

DELIMITERS = ",;\t|"
SHOWN_ERRORS = 10
MAX_PRODUCT = MAX_TRANSACTION = 120
MAX_SELECTION = 16
MAX_MACHINE = 48
WORDS = {
    "cash": ("cash", "coin", "coins", "bill", "bills", "bar"),
    "cashless": (
        "cashless", "credit", "debit", "card", "credit card", "debit card", "visa", "mastercard", "amex",
        "contactless", "nfc", "girocard",
    ),
    "mobile": ("mobile", "app", "apple pay", "google pay", "qr"),
    "token": ("token", "tokens", "coupon", "voucher"),
    "free": ("free", "complimentary"),
    "test": ("test",),
}  # fmt: skip
"""The words that sales files use for the payment methods of the catalogue, in lower case."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One line of a sale. ``at`` is UTC, None where the file has dates only; money in minor units."""

    line: int
    machine: str
    name: str
    location: str | None
    day: date
    at: datetime | None
    selection: str
    product: str | None
    category: str | None
    paid: int
    quantity: int
    currency: str
    payment: str
    transaction: str | None


@dataclass(frozen=True)
class SalesFile:
    """All sales of a file, in its order, and how they were read."""

    path: Path
    mapping: Mapping
    sales: list[Sale]


def read(path: Path, mapping: Mapping | None = None) -> SalesFile:
    """Read a file. Raises :class:`ReplayError` naming the column, or the lines, that are wrong."""
    rows = _rows(path)
    header = next(rows, (0, []))[1]
    if not header:
        raise ReplayError(f"{path} is empty: the first line must name the columns")
    if mapping is None:
        mapping = mappings.recognise(path, header)
    mappings.check_header(path, mapping, header)
    columns = {name: header.index(column) for name, column in mapping.columns.items()}
    sales, faults = [], []
    for line, row in rows:
        try:
            sales.append(_sale(line, _values(row, header, columns, mapping), mapping))
        except ValueError as fault:
            faults.append(f"line {line}: {fault}")
    faults = faults or _contradictions(sales)
    if faults:
        more = f"\n  and {len(faults) - SHOWN_ERRORS} more" if len(faults) > SHOWN_ERRORS else ""
        raise ReplayError("\n  ".join([f"{path} cannot be replayed:", *faults[:SHOWN_ERRORS]]) + more)
    if not sales:
        raise ReplayError(f"{path} has a header but no rows: there is nothing to replay")
    return SalesFile(path, mapping, sales)


def machine_id(name: str) -> str:
    """The machine's ``x`` number where its name has one (the last), else a slug of the name."""
    numbers: list[str] = re.findall(r"\bx\d+\b", name, re.IGNORECASE)
    if numbers:
        return numbers[-1].lower()
    return slug(name, MAX_MACHINE) or f"machine-{digest(name)}"


def payment_method(word: str, own: Values[str, str]) -> str:
    """The catalogue's payment method for a file's word. Raises ValueError for an unknown one."""
    if word in own:
        return own[word]
    for method, words in WORDS.items():
        if word.lower() in words:
            return method
    raise ValueError(
        f"{word!r} is not known: say under [payments] in the mapping which of {', '.join(PAYMENTS)} it is"
    )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Lines with something in them, the header first, each with the number of its (last) line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            delimiter = max(DELIMITERS, key=header.count)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for row in reader:
                if row:
                    yield reader.line_num, [cell.strip() for cell in row]
    except UnicodeDecodeError as fault:
        raise ReplayError(f"{path} is not UTF-8 ({fault.reason}): save it as UTF-8") from fault
    except csv.Error as fault:
        raise ReplayError(f"{path} line {reader.line_num} is no CSV: {fault}") from fault
    except OSError as fault:
        raise ReplayError(f"{path} cannot be read: {fault.strerror}") from fault


def _values(row: list[str], header: list[str], columns: dict[str, int], mapping: Mapping) -> dict[str, str]:
    if len(row) != len(header):
        raise ValueError(f"{len(row)} cells, the header has {len(header)}")
    return mapping.constants | {name: row[index] for name, index in columns.items()}


def _sale(line: int, values: dict[str, str], mapping: Mapping) -> Sale:
    for name in mappings.REQUIRED:
        if not values[name]:
            raise ValueError(f"{name}{_column(name, mapping)} is blank")
    day, at = _named("time", mapping, lambda: when(values["time"], mapping.zone, mapping.time_format))
    product = " ".join(values.get("product", "").split())[:MAX_PRODUCT].strip()
    return Sale(
        line=line,
        machine=machine_id(values["machine"]),
        name=values["machine"],
        location=values.get("location") or None,
        day=day,
        at=at,
        selection=_named("selection", mapping, lambda: _selection(values["selection"])),
        product=product or None,
        category=values.get("category") or None,
        paid=_named("amount", mapping, lambda: minor_units(values["amount"], mapping.currency)),
        quantity=_named("quantity", mapping, lambda: _quantity(values["quantity"])),
        currency=mapping.currency,
        payment=_named("payment", mapping, lambda: payment_method(values["payment"], mapping.payments)),
        transaction=values.get("transaction", "")[:MAX_TRANSACTION] or None,
    )


def _named[Value](name: str, mapping: Mapping, reading: Callable[[], Value]) -> Value:
    try:
        return reading()
    except ValueError as fault:
        raise ValueError(f"{name}{_column(name, mapping)}: {fault}") from fault


def _column(name: str, mapping: Mapping) -> str:
    return f" (column {mapping.columns[name]!r})" if name in mapping.columns else " (a constant)"


def _quantity(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}(\.0+)?", text) or int(float(text)) == 0:
        raise ValueError(f"{text!r} is no whole number from 1 to 999999")
    return int(text.partition(".")[0])


def _selection(text: str) -> str:
    selection = re.sub(r"[^A-Za-z0-9._\-]+", "-", text).strip("-._")
    if not 1 <= len(selection) <= MAX_SELECTION:
        raise ValueError(f"{text!r} is no selection: it needs 1 to {MAX_SELECTION} letters or digits")
    return selection


def _contradictions(sales: list[Sale]) -> list[str]:
    """Two machines whose names become one slug would be merged; a machine holds so many slots."""
    names: dict[str, str] = {}
    slots: dict[str, set[str]] = {}
    faults: dict[str, str] = {}
    for sale in sales:
        known = names.setdefault(sale.machine, sale.name)
        if known != sale.name and not re.fullmatch(r"x\d+", sale.machine):
            both = f"machines {known!r} and {sale.name!r} would both be {sale.machine!r}"
            faults.setdefault(sale.name, f"line {sale.line}: {both}; rename one of them")
        slots.setdefault(sale.machine, set()).add(sale.selection)
    for machine, selections in slots.items():
        if len(selections) > MAX_SLOTS:
            faults[machine] = (
                f"{machine} has {len(selections)} selections, a machine holds {MAX_SLOTS} at most"
            )
    return list(faults.values())
