"""What every event says around its data: its number, its sender, its time; and what must be right of that."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from vending.errors import Rejected
from vending.events.event_types import EVENT_TYPES, LEDGER
from vending.events.fields import END
from vending.events.publishers import MAX_EPOCH

FIRST_YEAR, LAST_YEAR = 2000, 2099
"""Of imported sales. A device's clock that says anything else is not believed."""
TYPE_PREFIX, TYPE_SUFFIX = "io.vendstream.", ".v1"

Identifier = r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
Number = Annotated[int, Meta(ge=1, le=999_999_999_999)]


class Envelope(Struct, frozen=True, kw_only=True):
    """CloudEvents 1.0 attributes, with the extensions a device must send."""

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(max_length=64)]
    source: Annotated[str, Meta(pattern=rf"^/devices/{Identifier}{END}")]
    type: Annotated[str, Meta(max_length=128)]
    subject: Annotated[str, Meta(pattern=rf"^machines/{Identifier}{END}")]
    deviceepoch: Annotated[int, Meta(ge=0, le=MAX_EPOCH)]
    sequence: Number
    data: Raw
    time: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    ledgersequence: Number | UnsetType = UNSET
    bootid: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    uptime: Annotated[int, Meta(ge=0, le=2**40)] | UnsetType = UNSET
    clocksync: Literal["ntp", "rtc", "none", "import"] = "none"

    @property
    def device(self) -> str:
        """The device that it says it is from."""
        return self.source.removeprefix("/devices/")

    @property
    def machine(self) -> str:
        """The machine that it says it is of."""
        return self.subject.removeprefix("machines/")


def type_of(envelope: Envelope) -> str:
    """The event type's name. Raises :class:`Rejected`."""
    name = envelope.type.removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX)
    if name not in EVENT_TYPES or envelope.type != f"{TYPE_PREFIX}{name}{TYPE_SUFFIX}":
        raise Rejected("unknown-type", f"no type {envelope.type!r} in the catalogue")
    return name


def check(envelope: Envelope, name: str) -> None:
    """Its numbers and time, for an event type. Raises :class:`Rejected`."""
    _check_numbers(envelope, name)
    _check_time(envelope)


def _check_numbers(envelope: Envelope, name: str) -> None:
    expected = f"{envelope.deviceepoch}-{envelope.sequence:012d}"
    if envelope.id != expected:
        raise Rejected(
            "wrong-schema", f"id is {envelope.id!r}, deviceepoch and sequence say {expected!r} - at `$.id`"
        )
    if (name in LEDGER) != (envelope.ledgersequence is not UNSET):
        need = "needs" if name in LEDGER else "must not have"
        raise Rejected("wrong-schema", f"{name} {need} a ledgersequence - at `$.ledgersequence`")


def _check_time(envelope: Envelope) -> None:
    """An import's time is taken as given, so it must be one that calendars of any zone can show."""
    if envelope.clocksync != "import":
        return
    if not isinstance(envelope.time, datetime):
        raise Rejected("wrong-schema", "an import needs a time - at `$.time`")
    if not FIRST_YEAR <= envelope.time.year <= LAST_YEAR:
        raise Rejected(
            "wrong-schema", f"year {envelope.time.year}, not {FIRST_YEAR} to {LAST_YEAR} - at `$.time`"
        )
