"""Types of the fields of payloads. The bounds are part of the contract with devices: what is outside them is
dead-lettered with the path of the fault.

Money is integer minor units of an ISO 4217 currency; temperatures are degrees Celsius; durations seconds.
"""

from typing import Annotated, Literal

from msgspec import Meta

END = r"$(?!\n)"
"""The end of a text, in Python's regular expressions too, where a bare ``$`` overlooks a last line feed."""
Text = Annotated[str, Meta(min_length=1, max_length=120)]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=rf"^[A-Za-z0-9][A-Za-z0-9._:\-]*{END}")]
Selection = Annotated[str, Meta(min_length=1, max_length=16, pattern=rf"^[A-Za-z0-9][A-Za-z0-9._\-]*{END}")]
Currency = Annotated[str, Meta(pattern=rf"^[A-Z]{{3}}{END}")]
Minor = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Units = Annotated[int, Meta(ge=1, le=100)]
Level = Annotated[int, Meta(ge=0, le=250)]
"""Units in a slot. The bound is what makes a late level exact: see :mod:`vending.state.slots`."""
Celsius = Annotated[float, Meta(ge=-90, le=200)]
Count = Annotated[int, Meta(ge=0, le=2**40)]
Payment = Literal["cash", "cashless", "mobile", "token", "free", "test"]
