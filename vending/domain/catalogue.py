"""The event catalogue: the ``data`` of each CloudEvent type, ``io.vendstream.<name>.v1``.

Money is integer minor units of an ISO 4217 currency; temperatures are degrees Celsius; durations seconds.
Unknown fields are ignored here and kept in the archive. The bounds are part of the contract: what is outside
them is dead-lettered with the path of the fault.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Text = Annotated[str, Meta(min_length=1, max_length=120)]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\-]*$")]
Selection = Annotated[str, Meta(min_length=1, max_length=16, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*$")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
Minor = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Units = Annotated[int, Meta(ge=1, le=100)]
Level = Annotated[int, Meta(ge=0, le=250)]
"""Units in a slot. The bound is what makes a late level exact: see :mod:`vending.domain.slots`."""
Celsius = Annotated[float, Meta(ge=-90, le=200)]
Count = Annotated[int, Meta(ge=0, le=2**40)]
Payment = Literal["cash", "cashless", "mobile", "token", "free", "test"]


class Data(Struct, frozen=True, kw_only=True):
    """Base of every payload."""


class VendCompleted(Data):
    """A product was dispensed. ``paidMinor`` is what was paid for the whole line."""

    vendId: Code
    selection: Selection
    priceMinor: Minor
    currency: Currency
    quantity: Units
    paymentMethod: Payment
    paidMinor: Minor
    sku: Code | UnsetType = UNSET
    product: Text | UnsetType = UNSET
    taxMinor: Minor | UnsetType = UNSET
    discountMinor: Minor | UnsetType = UNSET
    processorTxnId: Text | UnsetType = UNSET
    levelAfter: Level | UnsetType = UNSET


class VendFailed(Data):
    """A vend that dispensed nothing."""

    vendId: Code
    selection: Selection
    reason: Literal["motor", "nodrop", "denied", "cancel", "soldout"]
    priceMinor: Minor | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    refunded: bool | UnsetType = UNSET
    evaCode: Code | UnsetType = UNSET


class SlotLevel(Data):
    """How much one slot holds now."""

    selection: Selection
    level: Level
    source: Literal["sensor", "count", "mdb"] = "count"
    capacity: Level | UnsetType = UNSET
    par: Level | UnsetType = UNSET


class InventoryLevel(Data):
    """Absolute levels, as a sensor or a person counted them."""

    selections: Annotated[list[SlotLevel], Meta(min_length=1, max_length=120)]


class RestockLine(Data):
    """What a visit did to one slot; ``after`` is its absolute level."""

    selection: Selection
    before: Level
    added: Level
    after: Level
    removed: Level = 0
    spoiled: Level = 0


class InventoryRestocked(Data):
    """A visit filled the machine."""

    visitId: Code
    lines: Annotated[list[RestockLine], Meta(min_length=1, max_length=120)]


class CashCollected(Data):
    """The cash box was emptied."""

    visitId: Code
    bagId: Code
    currency: Currency
    boxMinor: Minor
    billsMinor: Minor
    countedMinor: Minor | UnsetType = UNSET


class Tube(Data):
    """One coin tube."""

    coinMinor: Minor
    count: Annotated[int, Meta(ge=0, le=1000)]
    full: bool = False


class CashLevel(Data):
    """What the coin mechanism and the box hold."""

    tubes: Annotated[list[Tube], Meta(max_length=16)]
    billCount: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    boxMinor: Minor | UnsetType = UNSET


class Temperature(Data):
    """A reading of one zone."""

    zone: Code
    celsius: Celsius
    setpoint: Celsius | UnsetType = UNSET
    defrost: bool | UnsetType = UNSET
    compressor: bool | UnsetType = UNSET


class Door(Data):
    """The service door."""

    open: bool
    durationS: Count | UnsetType = UNSET


class Power(Data):
    """Mains, seen from the gateway's battery."""

    state: Literal["on", "off", "brownout"]
    batteryPct: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET


class Fault(Data):
    """A fault that began or ended; ``code`` is an EVA, MDB or vendor code."""

    component: Code
    code: Code
    codeSystem: Literal["eva", "mdb", "vendor"] = "eva"
    text: Text | UnsetType = UNSET


class HealthLockout(Data):
    """The machine locked perishable selections itself."""

    zone: Code
    celsius: Celsius
    lockedSelections: Annotated[list[Selection], Meta(max_length=120)]
    cause: Code


class Heartbeat(Data):
    """The device lives."""

    uptimeS: Count
    firmware: Code
    queueDepth: Count
    rssiDbm: Annotated[int, Meta(ge=-200, le=0)] | UnsetType = UNSET
    rat: Code | UnsetType = UNSET
    freeKb: Count | UnsetType = UNSET
    configVersion: Code | UnsetType = UNSET


class Boot(Data):
    """The device started."""

    reason: Code
    firmware: Code
    lastSequence: Count
    lostEvents: Count | UnsetType = UNSET


class Visit(Data):
    """A person came to, or left, the machine."""

    visitId: Code
    reason: Literal["fill", "collect", "repair"]
    userRef: Code | UnsetType = UNSET


class AuditDex(Data):
    """An EVA-DTS audit was read; its text is in the body or in a blob."""

    readAt: Text
    trigger: Literal["schedule", "fill", "cash", "door"]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    body: Annotated[str, Meta(max_length=49_152)] | UnsetType = UNSET
    blobUrl: Annotated[str, Meta(max_length=1_024)] | UnsetType = UNSET


class CommandResult(Data):
    """What became of a command."""

    commandId: Code
    status: Literal["received", "succeeded", "failed", "expired"]
    error: Text | UnsetType = UNSET


class Applied(Data):
    """A price list or a planogram took effect on the machine."""

    version: Code


LEDGER: dict[str, type[Data]] = {
    "vend.completed": VendCompleted,
    "vend.failed": VendFailed,
    "inventory.restocked": InventoryRestocked,
    "cash.collected": CashCollected,
}
"""Money or goods: counted exactly once, numbered without holes in ``ledgersequence``."""

LEVELS: dict[str, type[Data]] = {"inventory.level": InventoryLevel}
"""Absolute slot levels: they belong to the stock document, the newest of a slot wins."""

READINGS: dict[str, type[Data]] = {
    "temperature": Temperature,
    "door": Door,
    "power": Power,
    "fault.raised": Fault,
    "fault.cleared": Fault,
    "health.lockout": HealthLockout,
    "device.heartbeat": Heartbeat,
    "device.boot": Boot,
    "cash.level": CashLevel,
    "visit.started": Visit,
    "visit.ended": Visit,
    "audit.dex": AuditDex,
    "command.result": CommandResult,
    "price.applied": Applied,
    "planogram.applied": Applied,
}
"""How a machine is: registers, the newest wins."""

CATALOGUE = LEDGER | LEVELS | READINGS
