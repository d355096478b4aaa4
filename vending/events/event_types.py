"""The event catalogue: the ``data`` of each CloudEvent type, ``io.vendstream.<name>.v1``.

Money is integer minor units of an ISO 4217 currency; temperatures are degrees Celsius; durations seconds.
Unknown fields are ignored here and kept in the archive. The bounds are part of the contract: what is outside
them is dead-lettered with the path of the fault.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

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


class Data(Struct, frozen=True, rename="camel"):
    """Base of every payload."""


class VendCompleted(Data, frozen=True):
    """A product was dispensed; what was paid is for all units together."""

    vend_id: Code
    selection: Selection
    price_minor: Minor
    currency: Currency
    quantity: Units
    payment_method: Payment
    paid_minor: Minor
    sku: Code | UnsetType = UNSET
    product: Text | UnsetType = UNSET
    tax_minor: Minor | UnsetType = UNSET
    discount_minor: Minor | UnsetType = UNSET
    processor_txn_id: Text | UnsetType = UNSET
    level_after: Level | UnsetType = UNSET


class VendFailed(Data, frozen=True):
    """A vend that dispensed nothing."""

    vend_id: Code
    selection: Selection
    reason: Literal["motor", "nodrop", "denied", "cancel", "soldout"]
    price_minor: Minor | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    refunded: bool | UnsetType = UNSET
    eva_code: Code | UnsetType = UNSET


class SlotLevel(Data, frozen=True):
    """How much one slot holds now."""

    selection: Selection
    level: Level
    source: Literal["sensor", "count", "mdb"] = "count"
    capacity: Level | UnsetType = UNSET
    par: Level | UnsetType = UNSET


class InventoryLevel(Data, frozen=True):
    """Absolute levels, as a sensor or a person counted them."""

    selections: Annotated[list[SlotLevel], Meta(min_length=1, max_length=120)]


class RestockLine(Data, frozen=True):
    """What a visit did to one slot; ``after`` is its absolute level."""

    selection: Selection
    before: Level
    added: Level
    after: Level
    removed: Level = 0
    spoiled: Level = 0


class InventoryRestocked(Data, frozen=True):
    """A visit filled the machine."""

    visit_id: Code
    lines: Annotated[list[RestockLine], Meta(min_length=1, max_length=120)]


class CashCollected(Data, frozen=True):
    """The cash box was emptied."""

    visit_id: Code
    bag_id: Code
    currency: Currency
    box_minor: Minor
    bills_minor: Minor
    counted_minor: Minor | UnsetType = UNSET


class Tube(Data, frozen=True):
    """One coin tube."""

    coin_minor: Minor
    count: Annotated[int, Meta(ge=0, le=1000)]
    full: bool = False


class CashLevel(Data, frozen=True):
    """What the coin mechanism and the box hold."""

    tubes: Annotated[list[Tube], Meta(max_length=16)]
    bill_count: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    box_minor: Minor | UnsetType = UNSET


class Temperature(Data, frozen=True):
    """A reading of one zone."""

    zone: Code
    celsius: Celsius
    setpoint: Celsius | UnsetType = UNSET
    defrost: bool | UnsetType = UNSET
    compressor: bool | UnsetType = UNSET


class Door(Data, frozen=True):
    """The service door."""

    open: bool
    duration_s: Count | UnsetType = UNSET


class Power(Data, frozen=True):
    """Mains, seen from the gateway's battery."""

    state: Literal["on", "off", "brownout"]
    battery_pct: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET


class Fault(Data, frozen=True):
    """A fault that began or ended; ``code`` is an EVA, MDB or vendor code."""

    component: Code
    code: Code
    code_system: Literal["eva", "mdb", "vendor"] = "eva"
    text: Text | UnsetType = UNSET


class HealthLockout(Data, frozen=True):
    """The machine locked perishable selections itself."""

    zone: Code
    celsius: Celsius
    locked_selections: Annotated[list[Selection], Meta(max_length=120)]
    cause: Code


class Heartbeat(Data, frozen=True):
    """The device lives."""

    uptime_s: Count
    firmware: Code
    queue_depth: Count
    rssi_dbm: Annotated[int, Meta(ge=-200, le=0)] | UnsetType = UNSET
    rat: Code | UnsetType = UNSET
    free_kb: Count | UnsetType = UNSET
    config_version: Code | UnsetType = UNSET


class Boot(Data, frozen=True):
    """The device started."""

    reason: Code
    firmware: Code
    last_sequence: Count
    lost_events: Count | UnsetType = UNSET


class Visit(Data, frozen=True):
    """A person came to, or left, the machine."""

    visit_id: Code
    reason: Literal["fill", "collect", "repair"]
    user_ref: Code | UnsetType = UNSET


class AuditDex(Data, frozen=True):
    """An EVA-DTS audit was read; its text is in the body or in a blob."""

    read_at: Text
    trigger: Literal["schedule", "fill", "cash", "door"]
    sha256: Annotated[str, Meta(pattern=rf"^[0-9a-f]{{64}}{END}")]
    body: Annotated[str, Meta(max_length=49_152)] | UnsetType = UNSET
    blob_url: Annotated[str, Meta(max_length=1_024)] | UnsetType = UNSET


class CommandResult(Data, frozen=True):
    """What became of a command."""

    command_id: Code
    status: Literal["received", "succeeded", "failed", "expired"]
    error: Text | UnsetType = UNSET


class Applied(Data, frozen=True):
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
