"""The rows of a sales file as sales. A row that cannot be one is an error with its line number."""

import re
from collections.abc import Callable
from collections.abc import Mapping as Values
from dataclasses import dataclass, field
from pathlib import Path

from vendctl.csv_table import NoTable, Row, table
from vendctl.replay import mapping as mappings
from vendctl.replay.doubtful_rows import Chosen, choose, sums_up
from vendctl.replay.errors import ReplayError, Unreadable
from vendctl.replay.faults import Fault, refusal
from vendctl.replay.look_alikes import contradictions
from vendctl.replay.mapping import PAYMENTS, Mapping
from vendctl.replay.money import MOST, money, whole_number
from vendctl.replay.names import (
    MAX_SELECTION,
    machine_id,
    product_name,
    selection_id,
    selection_of_product,
)
from vendctl.replay.sale import Sale
from vendctl.replay.times import when

LONGEST = 120
"""Characters of a transaction or a category."""
MAX_QUANTITY = 999_999
NEEDED = (*mappings.REQUIRED, "amount", "unit_amount", "quantity", "currency", "selection")
"""Fields whose cells are never blank where the file has them."""
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


@dataclass(frozen=True)
class SalesFile:
    """All sales of a file, in its order, how they were read, and what was assumed or left out."""

    path: Path
    mapping: Mapping
    sales: list[Sale]
    notes: list[str] = field(default_factory=list)


def read(path: Path, mapping: Mapping | None = None) -> SalesFile:
    """Read a file. Raises :class:`ReplayError` naming the column, or the lines, that are wrong."""
    try:
        found = table(path)
    except NoTable as fault:
        raise ReplayError(str(fault)) from fault
    mapped = mapping is not None
    if mapping is None:
        mapping = mappings.recognise(path, found.header)
    mappings.check_header(path, mapping, found.header)
    chosen = choose(found.header, found.rows, mapping)
    sales, faults = _sales(found.header, chosen, mapping)
    if not faults and not sales:
        raise ReplayError(f"{path} has a header but no rows that are sales: there is nothing to replay")
    faults = faults or [*sums_up(chosen.rows, sales, mapping), *contradictions(sales, mapping.names)]
    if faults:
        raise refusal(path, faults, mapped=mapped)
    return SalesFile(path, mapping, sales, [*_assumed(mapping), *chosen.notes])


def _sales(header: list[str], chosen: Chosen, mapping: Mapping) -> tuple[list[Sale], list[Fault]]:
    """Every row that can be one, and the faults of the others."""
    faults = list(chosen.faults)
    refused = {fault.line for fault in faults}
    columns = {name: header.index(column) for name, column in mapping.columns.items()}
    sales = []
    for row in chosen.rows:
        if row.line in refused:
            continue
        try:
            sales.append(_sale(row.line, _Cells(row, header, columns, mapping)))
        except _RowFault as fault:
            faults.append(Fault(row.line, str(fault), fault.kind))
    return sales, faults


def payment_method(word: str, own: Values[str, str]) -> str:
    """The catalogue's payment method for a file's word. Raises :class:`Unreadable` for an unknown one."""
    if word in own:
        return own[word]
    for method, words in WORDS.items():
        if word.lower() in words:
            return method
    raise Unreadable(
        word, f"is not known: say under [payments] in the mapping which of {', '.join(PAYMENTS)} it is"
    )


class _RowFault(ValueError):
    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


def _assumed(mapping: Mapping) -> list[str]:
    told = []
    if not mapping.has("quantity"):
        told.append("no column says the quantity: each row is one unit")
    if not mapping.has("selection"):
        told.append("no column says the selection: each product has one, made of its name")
    return told


class _Cells:
    """The values of one row by field, read with the mapping; a fault names the field and its column."""

    def __init__(self, row: Row, header: list[str], columns: dict[str, int], mapping: Mapping) -> None:
        if len(row.cells) != len(header):
            raise _RowFault(f"{len(row.cells)} cells, the header has {len(header)}", "cells")
        self.mapping = mapping
        self.values = mapping.constants | {name: row.cells[index] for name, index in columns.items()}
        needed = NEEDED if "selection" in self.values else (*NEEDED, "product")
        for name in needed:
            if name in self.values and not self.values[name]:
                text = f"{name}{self._column(name)} is blank"
                raise _RowFault(text, text)

    def read[Value](self, name: str, reading: Callable[[str], Value]) -> Value:
        """The value of a field that is there."""
        try:
            return reading(self.values[name])
        except Unreadable as fault:
            where = f"{name}{self._column(name)}: "
            raise _RowFault(f"{where}{fault}", f"{where}{fault.why}") from fault

    def short(self, name: str) -> str | None:
        """An optional text, None where it is blank; never cut."""
        return self.read(name, _short) if self.values.get(name) else None

    def called(self, table: str, name: str) -> str | None:
        """What the mapping says that the cell is called."""
        return self.mapping.names.get(table, {}).get(self.values.get(name, ""))

    def _column(self, name: str) -> str:
        columns = self.mapping.columns
        return f" (column {columns[name]!r})" if name in columns else " (a constant)"


def _sale(line: int, cells: _Cells) -> Sale:
    mapping, values = cells.mapping, cells.values
    day, at = cells.read("time", lambda text: when(text, mapping.zone, mapping.time_format))
    product = cells.called("products", "product") or product_name(values.get("product", "")) or None
    paid, quantity, currency = _paid(cells)
    return Sale(
        line=line,
        machine=cells.called("machines", "machine") or machine_id(values["machine"]),
        name=values["machine"],
        location=values.get("location") or None,
        day=day,
        at=at,
        selection=_selection(cells, product),
        product=product,
        category=cells.short("category"),
        paid=paid,
        quantity=quantity,
        currency=currency,
        payment=cells.read("payment", lambda text: payment_method(text, mapping.payments)),
        transaction=cells.short("transaction"),
        product_name=values.get("product") or None,
        selection_name=values.get("selection"),
    )


def _paid(cells: _Cells) -> tuple[int, int, str]:
    """Minor units of the whole row, units, currency."""
    mapping, quantity = cells.mapping, 1
    if mapping.has("quantity"):
        quantity = cells.read("quantity", lambda text: whole_number(text, MAX_QUANTITY, mapping.numbers))
    stated = mapping.has("currency")
    currency = cells.read("currency", lambda x: _code(x, mapping)) if stated else mapping.currency
    name = "unit_amount" if mapping.has("unit_amount") else "amount"
    paid, currency = cells.read(
        name, lambda text: money(text, currency, mapping.numbers, mapping.currencies, stated=stated)
    )
    if name == "unit_amount":
        paid = cells.read(name, lambda text: _times(text, paid, quantity))
    return paid, quantity, currency


def _times(text: str, unit: int, quantity: int) -> int:
    if unit * quantity > MOST:
        raise Unreadable(text, f"for all units is above {MOST} minor units, the most of one sale")
    return unit * quantity


def _code(text: str, mapping: Mapping) -> str:
    code = mapping.currencies.get(text) or text.upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise Unreadable(text, "is no ISO 4217 code: say under [currencies] which one it is")
    return code


def _selection(cells: _Cells, product: str | None) -> str:
    if "selection" not in cells.values:
        return selection_of_product(product or "")
    return cells.called("selections", "selection") or cells.read("selection", _slot)


def _slot(text: str) -> str:
    selection = selection_id(text)
    if not 1 <= len(selection) <= MAX_SELECTION:
        raise Unreadable(
            text,
            f"is no selection: it needs 1 to {MAX_SELECTION} letters or digits, or a line under [selections]",
        )
    return selection


def _short(text: str) -> str:
    if len(text) > LONGEST:
        raise Unreadable(text, f"is longer than {LONGEST} characters")
    return text
