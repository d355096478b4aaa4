"""The sums of a sales file, read from its text a second time.

It shares no code with the first reading, so that it cannot share a misreading, and it can be simpler, since
it only has to read what the first one accepted: characters into cells, digits into integers, and no dates.
"""

from collections.abc import Iterator
from pathlib import Path

from vendctl.replay.mapping import Mapping

NO_DECIMALS = ("JPY", "KRW", "CLP", "VND", "ISK", "PYG", "UGX", "RWF", "XAF", "XOF", "XPF", "VUV", "KMF",
               "GNF", "DJF", "BIF", "UYI")  # fmt: skip
THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
FOUR_DECIMALS = ("CLF", "UYW")
TextSums = dict[tuple[str, str], tuple[int, int]]
"""(the machine's name in the file, currency) → minor units, units sold."""


def text_sums(path: Path, mapping: Mapping) -> TextSums:
    """Sums of every row that the mapping does not leave out."""
    header, *rows = _records(path.read_bytes().decode("utf-8-sig"), mapping)
    sums: TextSums = {}
    seen: set[str] = set()
    for cells in rows:
        row = dict(zip(header, cells, strict=False))
        if any(row[column] in left for column, left in mapping.skip.items()):
            continue
        whole = "\0".join(cells).rstrip("\0")
        if mapping.rows.equal == "once" and whole in seen:
            continue
        seen.add(whole)
        machine, currency, paid, units = _sold(row, mapping)
        before = sums.get((machine, currency), (0, 0))
        sums[machine, currency] = (before[0] + paid, before[1] + units)
    return sums


def _sold(row: dict[str, str], mapping: Mapping) -> tuple[str, str, int, int]:
    said = mapping.constants | {name: row[column] for name, column in mapping.columns.items()}
    mark = mapping.numbers.decimal
    units = _digits(said["quantity"], mark, 0) if "quantity" in said else 1
    money = said["unit_amount"] if "unit_amount" in said else said["amount"]
    currency = _currency(said.get("currency"), money, mapping)
    paid = _digits(money, mark, _places(currency))
    return said["machine"], currency, paid * (units if "unit_amount" in said else 1), units


def _currency(column: str | None, money: str, mapping: Mapping) -> str:
    if column is not None:
        return mapping.currencies.get(column, column.upper())
    sign = "".join(x for x in money if not (x.isdigit() or x.isspace() or x in ".,'’_+-\u2212"))
    return mapping.currencies.get(sign, mapping.currencies.get(sign.upper(), mapping.currency))


def _places(currency: str) -> int:
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 4 if currency in FOUR_DECIMALS else 2


def _digits(text: str, mark: str, places: int) -> int:
    """The digits before the mark and ``places`` of those behind it, as one integer."""
    whole, _, rest = "".join(sign for sign in text if sign in "0123456789" or sign == mark).partition(mark)
    return int((whole or "0") + rest.ljust(places, "0")[:places])


def _records(text: str, mapping: Mapping) -> list[list[str]]:
    """Rows that are not empty, the header first, split at the separator that yields the mapped columns."""
    wanted = {*mapping.columns.values(), *mapping.skip}
    for separator in ";,\t|":
        records = [cells for cells in _split(text, separator) if any(cells)]
        if records and records[0][0].lower().startswith("sep="):
            records = records[1:]
        if records and wanted <= set(records[0]):
            return records
    raise ValueError(f"no separator yields the columns {', '.join(sorted(wanted))}")


def _split(text: str, separator: str) -> Iterator[list[str]]:
    """Records of cells without the spaces around them; inside quotes everything is text, "" is a quote."""
    cells, cell, quoted, at = [], "", False, 0
    while at < len(text):
        sign = text[at]
        at += 1
        if quoted and sign == '"' and text[at : at + 1] == '"':
            cell += sign
            at += 1
        elif sign == '"' and (quoted or not cell):
            quoted = not quoted
        elif quoted or sign not in (separator, "\r", "\n"):
            cell += sign
        else:
            cells.append(cell.strip())
            cell = ""
            if sign != separator:
                yield cells
                cells = []
    yield [*cells, cell.strip()]
