"""A machine's own meters."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from vending.events.base import Reading, Register, Registers, fills
from vending.events.fields import END, Text


class AuditDex(Reading, frozen=True):
    """An EVA-DTS audit was read; its text is in the body or in a blob."""

    read_at: Text
    trigger: Literal["schedule", "fill", "cash", "door"]
    sha256: Annotated[str, Meta(pattern=rf"^[0-9a-f]{{64}}{END}")]
    body: Annotated[str, Meta(max_length=49_152)] | UnsetType = UNSET
    blob_url: Annotated[str, Meta(max_length=1_024)] | UnsetType = UNSET

    types = ("audit.dex",)
    writes = (Register("audit", ("sha256",)),)
    columns = fills()

    def registers(self, _: str) -> Registers:
        return {"audit": [self.sha256]}
