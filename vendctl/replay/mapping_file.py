"""A mapping from its TOML file, where every mistake is told with what to write instead.

currency = "EUR"                  # ISO 4217, default USD
timezone = "Europe/Berlin"        # IANA, default America/New_York
time_format = "%d.%m.%Y %H:%M"    # as strptime

[columns]       field = "name of the file's column"; left out: those of the known portal
[constants]     field = a value for every row
[payments]      the file's word = cash, cashless, mobile, token, free, test
[numbers]       decimal = ",", thousands = "."
[currencies]    the file's sign or word = ISO 4217 code
[skip]          the file's column = a cell, or a list of cells, whose rows are left out
[machines]      the file's name = the machine's id; likewise [products], [selections]
[rows]          equal = refuse, keep, once; same_transaction, totals = refuse, keep
"""

import re
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from vendctl.replay.errors import ReplayError
from vendctl.replay.mapping import EITHER, FIELDS, PAYMENTS, PORTAL, REQUIRED, Mapping, RowRules
from vendctl.replay.money import PLAIN, Numbers
from vendctl.replay.times import CLOCK, ZONE, parse
from vending import business_day
from vending.events.envelope import Identifier

SETTINGS = ("currency", "timezone", "time_format")
WORDS = ("columns", "constants", "payments", "currencies", "machines", "products", "selections", "rows")
"""Tables of texts."""
TABLES = (*WORDS, "numbers", "skip")
RULES = {
    "equal": ("refuse", "keep", "once"),
    "same_transaction": ("refuse", "keep"),
    "totals": ("refuse", "keep"),
}
NAMES = {
    "machines": (rf"{Identifier}\Z(?<!.{{49}})", "an identifier: up to 48 letters, digits, . _ -"),
    "products": (r".{1,120}\Z", "a name of up to 120 characters"),
    "selections": (r"[A-Za-z0-9][A-Za-z0-9._\-]{0,15}\Z", "up to 16 letters, digits, . _ -"),
}
"""What the right side of each table has to be."""


def load(path: Path) -> Mapping:
    """Read it. Raises :class:`ReplayError` naming what to change in it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as fault:
        raise ReplayError(f"{path} is no mapping: {fault}") from fault
    _refuse_unknown(path, "the mapping", document, (*TABLES, *SETTINGS))
    mapping = _built(path, document)
    _check_fields(path, mapping)
    _check_values(path, mapping)
    _check_time(path, mapping)
    return mapping


def _built(path: Path, document: dict[str, Any]) -> Mapping:
    found = {name: _table(path, name, document.get(name, {})) for name in TABLES}
    texts = {name: _texts(path, name, found[name]) for name in WORDS}
    for name, known in (("columns", FIELDS), ("constants", FIELDS), ("rows", tuple(RULES))):
        _refuse_unknown(path, f"[{name}]", texts[name], known)
    # A mapping may only say what is special about a file of the known shape.
    known_shape = "columns" not in document and "constants" not in document
    return Mapping(
        dict(PORTAL.columns) if known_shape else texts["columns"],
        texts["constants"],
        texts["payments"],
        **{name: _text(path, name, document[name]) for name in SETTINGS if name in document},
        numbers=_numbers(path, found["numbers"]),
        currencies=texts["currencies"],
        skip=_skip(path, found["skip"]),
        names={name: texts[name] for name in NAMES},
        rows=_rules(path, texts["rows"], PORTAL.rows if known_shape else RowRules()),
    )


def _table(path: Path, name: str, found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ReplayError(f"{path}: {name} must be a table, written [{name}]")
    return found


def _texts(path: Path, name: str, found: dict[str, Any]) -> dict[str, str]:
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


def _numbers(path: Path, found: dict[str, Any]) -> Numbers:
    _refuse_unknown(path, "[numbers]", found, ("decimal", "thousands"))
    if not found:
        return PLAIN
    decimal, thousands = found.get("decimal", PLAIN.decimal), found.get("thousands", "")
    if decimal not in (".", ",") or thousands not in ("", ".", ",", "'", " ", "_") or decimal == thousands:
        raise ReplayError(
            f"{path}: [numbers] has decimal {decimal!r} and thousands {thousands!r}: decimal is . or , and "
            "thousands another one of . , ' _ or a space"
        )
    return Numbers(decimal, thousands, stated=True)


def _skip(path: Path, found: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    lists = {column: cells if isinstance(cells, list) else [cells] for column, cells in found.items()}
    # An empty cell can be named, too.
    return {
        column: tuple("" if cell == "" else _text(path, f"skip.{column}", cell) for cell in cells)
        for column, cells in lists.items()
    }


def _rules(path: Path, found: dict[str, str], usual: RowRules) -> RowRules:
    for name, word in found.items():
        if word not in RULES[name]:
            raise ReplayError(f"{path}: rows.{name} is {word!r}; write one of {', '.join(RULES[name])}")
    return RowRules(**{name: found.get(name, getattr(usual, name)) for name in RULES})


def _check_fields(path: Path, mapping: Mapping) -> None:
    twice = sorted(mapping.columns.keys() & mapping.constants.keys())
    if twice:
        raise ReplayError(f"{path}: {', '.join(twice)} is in [columns] and in [constants]; keep one of them")
    missing = [name for name in REQUIRED if not mapping.has(name)]
    missing += [" or ".join(pair) for pair in EITHER if not any(map(mapping.has, pair))]
    if missing:
        raise ReplayError(
            f"{path} says nothing of {', '.join(missing)}: name the file's column under [columns], "
            "or give a fixed value under [constants]"
        )
    if mapping.has("amount") and mapping.has("unit_amount"):
        raise ReplayError(f"{path} names amount (of the row) and unit_amount (of one unit); keep one of them")


def _check_values(path: Path, mapping: Mapping) -> None:
    for word, method in mapping.payments.items():
        if method not in PAYMENTS:
            raise ReplayError(f"{path}: payments.{word} is {method!r}; write one of {', '.join(PAYMENTS)}")
    for name, (pattern, what) in NAMES.items():
        for word, meant in mapping.names[name].items():
            if not re.match(pattern, meant):
                raise ReplayError(f"{path}: {name}.{word} is {meant!r}; write {what}")
    codes = {"currency": mapping.currency}
    codes |= {f"currencies.{sign}": code for sign, code in mapping.currencies.items()}
    for what, code in codes.items():
        if not re.fullmatch(r"[A-Z]{3}", code):
            raise ReplayError(f"{path}: {what} is {code!r}; write an ISO 4217 code such as EUR")


def _check_time(path: Path, mapping: Mapping) -> None:
    try:
        business_day.named(mapping.timezone)
    except ValueError as fault:
        raise ReplayError(
            f"{path}: timezone is {mapping.timezone!r}; write an IANA name such as Europe/Berlin"
        ) from fault
    form = mapping.time_format
    if form is None:
        return
    if not re.search(r"%[YyGcx]", form):
        raise ReplayError(f"{path}: time_format is {form!r}; it reads no year (%Y, %y)")
    if "%I" in form and "%p" not in form:
        raise ReplayError(f"{path}: time_format is {form!r}; %I reads a half of a day and needs %p")
    try:
        bare = form.replace("%Z", ZONE)
        parse(datetime(2024, 3, 1, tzinfo=UTC).strftime(bare), bare)
    except ValueError as fault:
        raise ReplayError(f"{path}: time_format is {form!r}; Python's strptime says: {fault}") from fault
    if not any(directive in form for directive in CLOCK) and re.search("%[zZ]", form):
        raise ReplayError(f"{path}: time_format is {form!r}; a day with a zone but no time is no instant")
