"""A machine's own meters."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field
from msgspec.structs import astuple

from vending.events.base import Facts, LedgerEvent, Part, Reading, Register, Registers, Tally, fills
from vending.events.fields import END, Code, Count, Currency, Minor, Selection, Text
from vending.time import millis

Sha256 = Annotated[str, Meta(pattern=rf"^[0-9a-f]{{64}}{END}")]


class AuditDex(Reading, frozen=True):
    """An EVA-DTS audit was read; its text is in the body or in a blob."""

    read_at: Text
    trigger: Literal["schedule", "fill", "cash", "door"]
    sha256: Sha256
    body: Annotated[str, Meta(max_length=49_152)] | UnsetType = UNSET
    blob_url: Annotated[str, Meta(max_length=1_024)] | UnsetType = UNSET

    types = ("audit.dex",)
    writes = (Register("audit", ("sha256",)),)
    columns = fills()

    def registers(self, _: str) -> Registers:
        return {"audit": [self.sha256]}


MOST_SELECTIONS = 120
"""As many as a machine may have slots."""


class SelectionSold(Part, frozen=True):
    """What one selection sold; its price at the end."""

    selection: Selection
    vends: Count
    value_minor: Count | UnsetType = UNSET
    price_minor: Minor | UnsetType = UNSET


class PaymentSold(Part, frozen=True):
    """What was paid in one way."""

    vends: Count
    value_minor: Count | UnsetType = UNSET


class Sold(Part, frozen=True):
    """What the machine sold between two audits, by its cumulative counters. The parts are never more than
    ``vends`` and ``valueMinor``; what they lack no selection, or no way of payment, is said of."""

    since: Annotated[datetime, Meta(tz=True)]
    vends: Count
    value_minor: Count | UnsetType = UNSET
    free: Count = 0
    test: Count = 0
    selections: Annotated[list[SelectionSold], Meta(max_length=MOST_SELECTIONS)] = field(default_factory=list)
    payments: dict[Literal["cash", "cashless"], PaymentSold] = field(default_factory=dict)

    def kept(self) -> dict[str, Any]:
        """As its ledger line keeps it: :class:`vending.documents.pages.SoldBetween`."""
        told = {
            "since": millis(self.since),
            "vends": self.vends,
            "value": _said(self.value_minor),
            "free": self.free,
            "test": self.test,
            "selections": [[_said(value) for value in astuple(one)] for one in self.selections],
            "payments": {way: [_said(value) for value in astuple(one)] for way, one in self.payments.items()},
        }
        return {name: value for name, value in told.items() if value or name in ("since", "vends")}


def _said(value: Any) -> Any:
    return None if value is UNSET else value


class AuditImported(LedgerEvent, frozen=True):
    """An uploaded EVA-DTS audit was read: the machine's meters of all time, and what it sold between two.

    ``time`` is the end of that span. Whether it counts as sales is the catalog's word (``sales = "audit"``):
    else the devices' events are counted, and no sale twice."""

    upload_id: Code
    sha256: Sha256
    checksum: Literal["right", "wrong", "absent"]
    tolerances: Count
    read_at: Text | UnsetType = UNSET
    serial: Text | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    decimals: Annotated[int, Meta(ge=0, le=9)] | UnsetType = UNSET
    paid_vends: Count | UnsetType = UNSET
    paid_value: Count | UnsetType = UNSET
    clock: Literal["machine", "upload"] | UnsetType = UNSET
    """Whose clock the end of the span is of: the machine's, in its site's zone, or the upload's where the
    machine's is not believed."""
    sold: Sold | UnsetType = UNSET

    types = ("audit.imported",)
    line_kind = "audit"
    counters = ()
    sale = ()
    columns = fills("currency")

    def facts(self) -> Facts:
        return {
            "upload": self.upload_id,
            "sha256": self.sha256,
            "checksum": self.checksum,
            "tolerances": self.tolerances,
            "readAt": self.read_at,
            "serial": self.serial,
            "currency": self.currency,
            "decimals": self.decimals,
            "paidVends": self.paid_vends,
            "paidValue": self.paid_value,
            "clock": self.clock,
            "sold": self.sold.kept() if isinstance(self.sold, Sold) else UNSET,
        }

    def slots(self) -> tuple[()]:
        return ()

    def tally(self) -> Tally:
        """The totals are what devices sold; an audit may say the same once more."""
        return Tally({})
