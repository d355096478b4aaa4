"""Buyers: what they choose, how they pay, and what goes wrong."""

from typing import Any, NamedTuple

from simulator.demand import HOUR, Demand, next_buyer
from simulator.fleet import Slot
from simulator.machine import Model

PAYMENTS = ("cash", "cashless", "mobile", "token", "free")
PAYMENT_SHARES = (0.42, 0.38, 0.16, 0.02, 0.02)
EVA_CODES = {"motor": "ELA", "nodrop": "ELA", "soldout": "ELB"}
"""EVA-DTS event codes of the reasons for which a vend fails; a card that is refused has none."""
NO_CHANGE = "OBK"


def vend(model: Model, now: int) -> None:
    """A buyer stands before the machine."""
    if model.mains and not model.door:
        slot = _choose(model)
        if slot is not None:
            _buy(model, slot)
    await_buyer(model, now)


def await_buyer(model: Model, now: int) -> None:
    """Have the next buyer come; where an hour passes without one, look again then."""
    site = model.spec.site
    per_day = model.spec.vends_per_day * model.demand
    at, buys = next_buyer(model.dice, now, Demand(per_day, site.kind, site.zone), HOUR)
    model.again("vend" if buys else "quiet", at)


class Sale(NamedTuple):
    """Units, how they are paid, and minor units."""

    quantity: int
    payment: str
    paid: int
    discount: int = 0


def price(model: Model, slot: Slot) -> int:
    """What the machine charges for a unit, in minor units."""
    return max(0, model.prices.get(slot.selection, slot.price) + model.markup)


def dispense(model: Model, slot: Slot, sale: Sale) -> None:
    """Products leave the machine: the event, and less in the slot or in the cartridges."""
    model.vends += 1
    data: dict[str, Any] = {
        "vendId": f"{model.spec.id}-{model.vends:07d}",
        "selection": slot.selection,
        "priceMinor": price(model, slot),
        "currency": model.spec.site.currency,
        "quantity": sale.quantity,
        "paymentMethod": sale.payment,
        "paidMinor": sale.paid,
        "sku": slot.product.sku,
    }
    if sale.discount:
        data["discountMinor"] = sale.discount
    if sale.payment in ("cashless", "mobile"):
        data["processorTxnId"] = f"{model.dice.word():016x}"
    _use(model, slot, sale.quantity)
    if sale.payment not in ("test", "free"):
        units, minor = model.meters.get(slot.selection, (0, 0))
        model.meters[slot.selection] = [units + sale.quantity, minor + sale.paid]
    if model.spec.says_level:
        data["levelAfter"] = model.levels[slot.selection]
    model.tell("vend.completed", data)


def _choose(model: Model) -> Slot | None:
    """What the buyer wants, or takes instead; None when they walk away."""
    slots, dice = model.spec.slots, model.dice
    slot = slots[dice.weighted([x.popularity for x in slots])]
    if model.locked or _left(model, slot) > 0:
        return slot
    if dice.chance(0.25):
        _fail(model, slot, "soldout")
        return None
    others = [x.popularity if _left(model, x) > 0 else 0.0 for x in slots]
    return slots[dice.weighted(others)] if any(others) and dice.chance(0.6) else None


def _left(model: Model, slot: Slot) -> int:
    return model.levels[slot.selection] if model.spec.archetype.counted else min(model.levels.values())


def _buy(model: Model, slot: Slot) -> None:
    dice = model.dice
    if model.locked:
        return
    if slot.selection in model.denied:
        _fail(model, slot, "denied")
        return
    quantity = 2 if dice.chance(0.02) and _left(model, slot) >= 2 else 1
    payment = PAYMENTS[dice.weighted(PAYMENT_SHARES)]
    total = price(model, slot) * quantity
    discount = total // 10 if payment == "mobile" and dice.chance(0.1) else 0
    paid = 0 if payment == "free" else total - discount
    mishap = dice.random()
    if payment in ("cashless", "mobile") and mishap < 0.015:
        _fail(model, slot, "denied", refunded=False)
    elif mishap < 0.019:
        _fail(model, slot, "cancel", refunded=payment == "cash")
    elif payment == "cash" and not model.cash.pay(paid, dice):
        _fail(model, slot, "cancel", NO_CHANGE, refunded=True)
    elif model.jammed and slot == model.spec.slots[0]:
        _fail(model, slot, "motor", refunded=False)
    elif mishap < 0.025:
        _fail(model, slot, "motor" if mishap < 0.022 else "nodrop", refunded=dice.chance(0.8))
    else:
        dispense(model, slot, Sale(quantity, payment, paid, discount))


def _fail(
    model: Model, slot: Slot, reason: str, code: str | None = None, *, refunded: bool | None = None
) -> None:
    model.vends += 1
    data: dict[str, Any] = {
        "vendId": f"{model.spec.id}-{model.vends:07d}",
        "selection": slot.selection,
        "reason": reason,
        "priceMinor": price(model, slot),
        "currency": model.spec.site.currency,
    }
    if code := code or EVA_CODES.get(reason):
        data["evaCode"] = code
    if refunded is not None:
        data["refunded"] = refunded
    model.tell("vend.failed", data)


def _use(model: Model, slot: Slot, quantity: int) -> None:
    if model.spec.archetype.counted:
        model.levels[slot.selection] -= quantity
        return
    names = list(model.levels)
    for name in (names[sum(slot.selection.encode()) % (len(names) - 1)], names[-1]):
        if model.dice.chance(0.6):
            model.levels[name] = max(0, model.levels[name] - quantity)
