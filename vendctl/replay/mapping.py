"""Which column of a sales file means what; docs/replay.md has the language, ``mapping_file`` reads it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from vendctl.replay.errors import ReplayError
from vendctl.replay.money import PLAIN, Numbers
from vending.events.fields import Payment

REQUIRED = ("time", "machine", "payment")
EITHER = (("amount", "unit_amount"), ("selection", "product"))
"""Of each pair one is needed; of the amounts not both."""
FIELDS = (
    "time", "machine", "selection", "amount", "unit_amount", "quantity", "payment", "currency", "location",
    "product", "category", "transaction",
)  # fmt: skip
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
class RowRules:
    """What becomes of doubtful rows: ``refuse``, ``keep``, and of equal ones also ``once``."""

    equal: str = "refuse"
    same_transaction: str = "refuse"
    totals: str = "refuse"


@dataclass(frozen=True)
class Mapping:
    """A field comes from a column, or is constant, or (optional ones) is absent."""

    columns: dict[str, str]
    constants: dict[str, str] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    currency: str = "USD"
    timezone: str = "America/New_York"
    time_format: str | None = None
    numbers: Numbers = PLAIN
    currencies: dict[str, str] = field(default_factory=dict)
    """The file's sign or word → ISO 4217 code."""
    skip: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The file's column → cells whose rows are left out."""
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """``machines``, ``products``, ``selections``: the file's name → what it is called."""
    rows: RowRules = RowRules()

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the file's dates, and of the machines' business days."""
        return ZoneInfo(self.timezone)

    def has(self, name: str) -> bool:
        """Whether the file, or a constant, says the field."""
        return name in self.columns or name in self.constants


PORTAL = Mapping(KNOWN, rows=RowRules(same_transaction="keep"))
"""How that portal's export is read: its transactions have several lines."""


def recognise(path: Path, header: Sequence[str]) -> Mapping:
    """The mapping of a file that comes without one. Raises :class:`ReplayError` for an unknown shape."""
    missing = [column for column in KNOWN.values() if column not in header]
    if missing:
        raise ReplayError(
            f"{path} has no column {', '.join(missing)}; its columns are {_listed(header)}. Write a "
            f"mapping whose [columns] say which of them is {', '.join(FIELDS)}, and name it with --map"
        )
    return PORTAL


def check_header(path: Path, mapping: Mapping, header: Sequence[str]) -> None:
    """Every mapped column exists, once. Raises :class:`ReplayError`."""
    named = [("[columns]", f" for {name}", column) for name, column in mapping.columns.items()]
    named += [("[skip]", "", column) for column in mapping.skip]
    for where, what, column in named:
        count = list(header).count(column)
        if count != 1:
            columns = "no column" if count == 0 else f"{count} columns"
            raise ReplayError(
                f"{path} has {columns} {column!r}, which {where} names{what}; "
                f"its columns are {_listed(header)}"
            )


def _listed(header: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' if "," in column else column for column in header)
