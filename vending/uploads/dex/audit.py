"""An audit as types: what a machine's own meters said at one reading, and what was tolerated to read it.

Money is integer units of the audit's own decimal point (:class:`Money`), counts are vends, times are the
machine's local ones in ISO 8601 without an offset, since the machine sends none. None: not sent, or sent so
that it cannot be read, which is then told as a tolerance. Nothing unread is ever 0.
"""

from typing import Literal

from msgspec import Struct

Kind = Literal[
    "after-end", "another-report", "blank-line", "control-characters", "encoding", "envelope", "last-line",
    "line-ends", "lower-case", "missing-segment", "no-audit", "no-selection", "padding", "repeated-segment",
    "segment-count", "segment-name", "sentinel", "separator", "shifted", "too-long", "too-many", "unreadable",
    "wrapper", "wrong-checksum",
]  # fmt: skip


class Part(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A part of an audit; as JSON it leaves out what was not sent."""


class Tolerance(Part, frozen=True):
    """What an audit does otherwise than the standard says, and was read all the same: the line, from 1."""

    line: int
    kind: Kind
    detail: str


class Segment(Part, frozen=True):
    """What no typed field holds: a whole segment, or the fields of one from number ``first`` on."""

    line: int
    name: str
    fields: tuple[str, ...]
    first: int = 1


class Tally(Part, frozen=True):
    """Money and how many vends it was."""

    value: int | None = None
    count: int | None = None


class Meter(Part, frozen=True):
    """One meter: since the machine was initialised, and since its last reset (often: since the last read)."""

    cumulative: Tally = Tally()
    interval: Tally = Tally()


class Identity(Part, frozen=True):
    """A component's identity, as it says itself (ID1, CB1, CA1, BA1, DA1, DB1)."""

    serial: str = ""
    model: str = ""
    build: str = ""
    location: str = ""
    asset: str = ""


class Money(Part, frozen=True):
    """ID4. ``currency`` is ISO 4217: its letters, else its three digits; "" where none is named."""

    decimals: int = 2
    currency: str = ""
    stated: bool = False
    """Whether the audit said its decimals; 2 is the standard's default."""


class Vends(Part, frozen=True):
    """VA1, VA2, VA3. Paid ones include those at no price, discounted ones and tokens."""

    paid: Meter = Meter()
    test: Meter = Meter()
    free: Meter = Meter()


class CashFlow(Part, frozen=True):
    """Cash in and out. ``received`` = ``box`` + ``tubes`` + ``bills``."""

    received: int | None = None
    box: int | None = None
    tubes: int | None = None
    bills: int | None = None
    notes: int | None = None
    """CA304/308: whole notes in North America, money in Europe; shown, and nothing reckons with it."""
    dispensed: int | None = None
    """By payout and by hand (``manual``)."""
    manual: int | None = None
    overpaid: int | None = None
    filled: int | None = None
    """Put into the tubes by hand."""
    credited: int | None = None
    """Put onto cards (DA4)."""


class Cash(Part, frozen=True):
    """CA3, CA4, CA8, CA10, DA4."""

    cumulative: CashFlow = CashFlow()
    interval: CashFlow = CashFlow()


class Tube(Part, frozen=True):
    """CA17: the coins that one tube holds."""

    coin: str
    value: int | None = None
    count: int | None = None
    full: bool | None = None


class DeviceSales(Part, frozen=True):
    """PA7: what was sold of one selection through one device (CA, DA, DB, TA) at one price list."""

    device: str
    price_list: str = ""
    price: int | None = None
    meter: Meter = Meter()


class Selection(Part, frozen=True):
    """PA1 with the PA2 to PA5 behind it, and the PA7 that name it."""

    selection: str
    price: int | None = None
    name: str = ""
    capacity: int | None = None
    par: int | None = None
    absent: bool | None = None
    level: int | None = None
    minimum: int | None = None
    sold_out_at: str | None = None
    sold_out_presses: int | None = None
    paid: Meter = Meter()
    test: Meter = Meter()
    free: Meter = Meter()
    sales: tuple[DeviceSales, ...] = ()


class Event(Part, frozen=True):
    """EA1: something happened. ``minutes``: how long it lasted."""

    code: str
    at: str | None = None
    minutes: int | None = None
    text: str = ""


class EventCount(Part, frozen=True):
    """EA2: how often something happened, and whether it still is so."""

    code: str
    cumulative: int | None = None
    interval: int | None = None
    text: str = ""
    active: bool | None = None
    minutes: int | None = None


class Reading(Part, frozen=True):
    """EA3: this read and the one before; ``number`` counts reads since the machine was initialised."""

    number: int | None = None
    resets: int | None = None
    at: str | None = None
    previous: str | None = None


class Checksum(Part, frozen=True):
    """The verdict on G85, CRC-16/ARC. ``bounds`` says over what it is right.

    ``standard``: from the S of ST through the line end before G85, line ends taken as CRLF. ``swapped``: the
    same with its two bytes in the order of before 6.0. ``open-end``: without the last line end.
    """

    verdict: Literal["right", "wrong", "absent"] = "absent"
    sent: str = ""
    computed: str = ""
    bounds: Literal["", "standard", "swapped", "open-end"] = ""


class Audit(Part, frozen=True, kw_only=True):
    """One report of one machine."""

    communication: str = ""
    """DXS01: three letters of the maker, seven digits."""
    version: str = ""
    machine: Identity = Identity()
    board: Identity = Identity()
    devices: dict[str, Identity] = {}
    """By their kind: ``coins``, ``bills``, ``cashless1``, ``cashless2``."""
    money: Money = Money()
    clock: str | None = None
    reading: Reading = Reading()
    vends: Vends = Vends()
    payments: dict[str, Meter] = {}
    """By ``cash``, ``cashless1``, ``cashless2``: those that were sent."""
    cash: Cash = Cash()
    tube_value: int | None = None
    tubes: tuple[Tube, ...] = ()
    selections: dict[str, Selection] = {}
    events: tuple[Event, ...] = ()
    event_counts: tuple[EventCount, ...] = ()
    outages: EventCount = EventCount("EA7")
    checksum: Checksum = Checksum()
    understood: int = 0
    """Segments of which at least one field has a place here."""
    tolerances: tuple[Tolerance, ...] = ()
    unread: tuple[Segment, ...] = ()
    """In the order of their lines: so nothing of an audit is lost by reading it."""

    @property
    def read_at(self) -> str | None:
        """The machine's local time of the read, else that of its clock."""
        return self.reading.at or self.clock
