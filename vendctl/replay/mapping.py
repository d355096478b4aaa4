"""Which column of a sales file means what.

A mapping is a TOML file::

    currency = "EUR"                  # ISO 4217, default USD
    timezone = "Europe/Berlin"        # IANA, default America/New_York
    time_format = "%d.%m.%Y %H:%M"    # as strptime; default: ISO 8601, or "Saturday, January 1, 2022"

    [columns]                         # field = "name of the file's column"
    time = "Datum"

    [constants]                       # field = a value for every row, where the file has no such column
    quantity = 1

    [payments]                        # optional: the file's word = cash, cashless, mobile, token, free, test
    "EC-Karte" = "cashless"
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from vendctl.replay.errors import ReplayError
from vending.domain.catalogue import Payment

REQUIRED = ("time", "machine", "selection", "amount", "quantity", "payment")
OPTIONAL = ("location", "product", "category", "transaction")
FIELDS = (*REQUIRED, *OPTIONAL)
TABLES = ("columns", "constants", "payments")
SETTINGS = ("currency", "timezone", "time_format")
PAYMENTS: tuple[str, ...] = get_args(Payment)

KNOWN = {
    "time": "TransDate",
    "machine": "Machine",
    "location": "Location",
    "selection": "MCoil",
    "product": "Product",
    "category": "Category",
    "amount": "LineTotal",
    "quantity": "MQty",
    "payment": "Type",
    "transaction": "Transaction",
}
"""The columns of a card-reader portal's sales export, which needs no mapping. ``LineTotal``, not
``TransTotal``: the latter repeats the whole transaction on each of its lines."""


@dataclass(frozen=True)
class Mapping:
    """A field comes from a column, or is constant, or (optional ones) is absent."""

    columns: dict[str, str]
    constants: dict[str, str] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    currency: str = "USD"
    timezone: str = "America/New_York"
    time_format: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the file's dates, and of the machines' business days."""
        return ZoneInfo(self.timezone)


def load(path: Path) -> Mapping:
    """A mapping from its TOML file. Raises :class:`ReplayError` naming what to change in it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ReplayError(f"{path} is no mapping: {fault}") from fault
    _refuse_unknown(path, "the mapping", document, (*TABLES, *SETTINGS))
    tables = {name: _table(path, name, document.get(name, {})) for name in TABLES}
    for name in ("columns", "constants"):
        _refuse_unknown(path, f"[{name}]", tables[name], FIELDS)
    twice = sorted(tables["columns"].keys() & tables["constants"].keys())
    if twice:
        raise ReplayError(f"{path}: {', '.join(twice)} is in [columns] and in [constants]; keep one of them")
    _check_payments(path, tables["payments"])
    given = {name: _text(path, name, document[name]) for name in SETTINGS if name in document}
    mapping = Mapping(tables["columns"], tables["constants"], tables["payments"], **given)
    _check_required(str(path), mapping)
    _check_settings(path, mapping)
    return mapping


def recognise(path: Path, header: Sequence[str]) -> Mapping:
    """The mapping of a file that comes without one. Raises :class:`ReplayError` for an unknown shape."""
    missing = [column for column in KNOWN.values() if column not in header]
    if missing:
        raise ReplayError(
            f"{path} has no column {', '.join(missing)}; its columns are {', '.join(header)}. Write a "
            f"mapping whose [columns] say which of them is {', '.join(FIELDS)}, and name it with --map"
        )
    return Mapping(dict(KNOWN))


def check_header(path: Path, mapping: Mapping, header: Sequence[str]) -> None:
    """Every mapped column exists, once. Raises :class:`ReplayError`."""
    for name, column in mapping.columns.items():
        count = list(header).count(column)
        if count != 1:
            what = "no column" if count == 0 else f"{count} columns"
            raise ReplayError(
                f"{path} has {what} {column!r}, which [columns] names for {name}; "
                f"its columns are {', '.join(header)}"
            )


def _table(path: Path, name: str, found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        raise ReplayError(f"{path}: {name} must be a table, written [{name}]")
    return {key: _text(path, f"{name}.{key}", value) for key, value in found.items()}


def _text(path: Path, what: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or not str(value).strip():
        raise ReplayError(f"{path}: {what} is {value!r}; it must be a text or a number")
    return str(value).strip()


def _refuse_unknown(path: Path, where: str, found: dict[str, Any], known: Sequence[str]) -> None:
    unknown = sorted(found.keys() - set(known))
    if unknown:
        raise ReplayError(
            f"{path}: {where} has no place for {', '.join(unknown)}; it takes {', '.join(known)}"
        )


def _check_payments(path: Path, payments: dict[str, str]) -> None:
    for word, method in payments.items():
        if method not in PAYMENTS:
            raise ReplayError(f"{path}: payments.{word} is {method!r}; write one of {', '.join(PAYMENTS)}")


def _check_required(what: str, mapping: Mapping) -> None:
    missing = [name for name in REQUIRED if name not in mapping.columns.keys() | mapping.constants.keys()]
    if missing:
        raise ReplayError(
            f"{what} says nothing of {', '.join(missing)}: name the file's column under [columns], "
            "or give a fixed value under [constants]"
        )


def _check_settings(path: Path, mapping: Mapping) -> None:
    if not re.fullmatch(r"[A-Z]{3}", mapping.currency):
        raise ReplayError(f"{path}: currency is {mapping.currency!r}; write an ISO 4217 code such as EUR")
    try:
        ZoneInfo(mapping.timezone)
    except (KeyError, ValueError, OSError) as fault:
        raise ReplayError(
            f"{path}: timezone is {mapping.timezone!r}; write an IANA name such as Europe/Berlin"
        ) from fault
