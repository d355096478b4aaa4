"""The cabinet: its service door and its mains."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from vending.events.base import Reading, Register, Registers, fills
from vending.events.fields import Count


class Door(Reading, frozen=True):
    """The service door."""

    open: bool
    duration_s: Count | UnsetType = UNSET

    types = ("door",)
    writes = (Register("door", ("open",)),)
    columns = fills()

    def registers(self, _: str) -> Registers:
        return {"door": [self.open]}


class Power(Reading, frozen=True):
    """Mains, seen from the gateway's battery."""

    state: Literal["on", "off", "brownout"]
    battery_pct: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET

    types = ("power",)
    writes = (Register("power", ("state",)),)
    columns = fills()

    def registers(self, _: str) -> Registers:
        return {"power": [self.state]}
