"""A machine's own meters."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from vending.events.base import Facts, LedgerEvent, Reading, Register, Registers, Tally, fills
from vending.events.fields import END, Code, Count, Currency, Text

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


class AuditImported(LedgerEvent, frozen=True):
    """An uploaded EVA-DTS audit was read. It states the machine's own meters of all time and sells nothing:
    the devices' events are counted, and no sale twice."""

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
        }

    def slots(self) -> tuple[()]:
        return ()

    def tally(self) -> Tally:
        """Meters of all time are no sales of a day."""
        return Tally({})
