"""Sales: a vend that gave something out, and one that did not."""

from typing import Literal

from msgspec import UNSET, UnsetType

from vending.events.base import Facts, LedgerEvent, SlotEffect, Tally, TillEffect, fills
from vending.events.fields import Code, Currency, Level, Minor, Payment, Selection, Text, Units


class VendCompleted(LedgerEvent, frozen=True):
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

    types = ("vend.completed",)
    line_kind = "vend"
    counters = ("vends", "units", "free", "test")
    sale = ("selection", "quantity", "priceMinor", "paidMinor", "currency", "payment", "sku", "product")
    columns = fills(
        "selection", "quantity", "price_minor", "paid_minor", "currency", "sku", payment="payment_method"
    )

    def facts(self) -> Facts:
        return {
            "selection": self.selection,
            "quantity": self.quantity,
            "priceMinor": self.price_minor,
            "paidMinor": self.paid_minor,
            "currency": self.currency,
            "payment": self.payment_method,
            "sku": self.sku,
            "product": self.product,
            "taxMinor": self.tax_minor,
            "discountMinor": self.discount_minor,
        }

    def slots(self) -> tuple[SlotEffect]:
        level = self.level_after if isinstance(self.level_after, int) else None
        return (SlotEffect(self.selection, level, vended=self.quantity),)

    def tally(self) -> Tally:
        """A test is counted and no more; what is given away is units, at what was paid."""
        if self.payment_method == "test":
            return Tally({"test": 1}, self.currency)
        counter = "free" if self.payment_method == "free" else "vends"
        return Tally({counter: 1, "units": self.quantity}, self.currency, self.paid_minor)

    def till(self) -> TillEffect | None:
        if self.payment_method != "cash":
            return None
        return TillEffect(cash=self.paid_minor, currency=self.currency)


OF_THE_SLOT = ("motor", "nodrop")
"""Reasons that lie with the slot: it was paid for and gave nothing. The others are the buyer's, their card's,
or an empty slot's, and come before anything is paid."""


class VendFailed(LedgerEvent, frozen=True):
    """A vend that dispensed nothing."""

    vend_id: Code
    selection: Selection
    reason: Literal["motor", "nodrop", "denied", "cancel", "soldout"]
    price_minor: Minor | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    refunded: bool | UnsetType = UNSET
    eva_code: Code | UnsetType = UNSET

    types = ("vend.failed",)
    line_kind = "failure"
    counters = ("failures",)
    sale = ("selection", "reason")
    columns = fills("selection", "reason")

    def facts(self) -> Facts:
        return {"selection": self.selection, "reason": self.reason, "refunded": self.refunded}

    def slots(self) -> tuple[SlotEffect, ...]:
        return (SlotEffect(self.selection, failed=True),) if self.reason in OF_THE_SLOT else ()

    def tally(self) -> Tally:
        return Tally({"failures": 1})

    def till(self) -> TillEffect | None:
        """Owed is what the device says it did not refund; of one that says nothing, nothing is claimed."""
        if self.reason not in OF_THE_SLOT or self.refunded is not False:
            return None
        price = self.price_minor if isinstance(self.price_minor, int) else 0
        return TillEffect(owed=price, currency=self.currency if isinstance(self.currency, str) else "")
