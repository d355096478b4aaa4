"""How warm a machine's zones are."""

from msgspec import UNSET, UnsetType

from vending.events.base import Reading, Register, Registers, fills
from vending.events.fields import Celsius, Code

COLD_LIMIT = 5.0
"""Degrees Celsius: the health cut-off of a cold zone (41 °F)."""
STRICT_LIMIT, MILD_LIMIT = 4.4, 7.2
"""Where the law says otherwise: 40 °F and 45 °F."""
HOT_LIMIT = 57.0
"""What a hot zone must hold (135 °F)."""
COLD_BANDS = {"good": STRICT_LIMIT, "fair": COLD_LIMIT, "mild": MILD_LIMIT}
"""Register of a cold zone → up to how warm a reading of it is; colder ones belong to the band before."""
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
    writes = tuple(Register(name, kept=ZONES) for name in ("temp", *COLD_BANDS, "hot", "defrost"))
    columns = fills("zone", "celsius")

    def registers(self, _: str) -> Registers:
        """The newest, the newest of its band, and the newest within a defrost: their times tell for how long
        a zone is too warm, whatever its limit."""
        said: Registers = {f"temp:{self.zone}": [self.celsius]}
        if band := band_of(self.celsius):
            said[f"{band}:{self.zone}"] = [self.celsius]
        return said | ({f"defrost:{self.zone}": []} if self.defrost is True else {})


def band_of(celsius: float) -> str | None:
    """The register, besides the newest, that a reading writes; None for what is neither cold nor hot."""
    if celsius >= HOT_LIMIT:
        return "hot"
    return next((band for band, limit in COLD_BANDS.items() if celsius <= limit), None)
