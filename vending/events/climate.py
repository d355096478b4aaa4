"""How warm a machine's zones are."""

from msgspec import UNSET, UnsetType

from vending.events.base import Reading, Register, Registers, fills
from vending.events.fields import Celsius, Code

COLD_LIMIT = 5.0
"""Degrees Celsius: the health cut-off of a cold zone."""
ZONES = 8
"""Of a machine, that are remembered."""


class Temperature(Reading, frozen=True):
    """A reading of one zone."""

    zone: Code
    celsius: Celsius
    setpoint: Celsius | UnsetType = UNSET
    defrost: bool | UnsetType = UNSET
    compressor: bool | UnsetType = UNSET

    types = ("temperature",)
    writes = (Register("temp", kept=ZONES), Register("good", kept=ZONES))
    columns = fills("zone", "celsius")

    def registers(self, _: str) -> Registers:
        """The newest, and the newest good one: their times tell for how long a zone is too warm."""
        newest = {f"temp:{self.zone}": [self.celsius]}
        return newest | ({f"good:{self.zone}": [self.celsius]} if self.celsius <= COLD_LIMIT else {})
