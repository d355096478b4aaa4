"""An interval between two audits → the sales that an event states of it: bounded, never more than it says.

VA1 is the machine's total. Selections and ways of payment are parts of it: where they are more than the total
(their meters were cleared, or count something else), they are left out, and the total stands; where only
their money is more, that is.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from vending.events.audits import MOST_SELECTIONS, PaymentSold, SelectionSold, Sold
from vending.events.fields import END
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.counters import Change
from vending.uploads.dex.delta import LIMITS, Delta
from vending.uploads.dex.minor import price

NAMED = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._\-]{{0,15}}{END}")
"""Selections that an event can name; others are in the sum alone."""
PAYMENTS: Mapping[Literal["cash", "cashless"], tuple[str, ...]] = {
    "cash": ("cash",),
    "cashless": ("cashless1", "cashless2"),
}
MOST_PRICE = 1_000_000_000


def sold(found: Delta, until: Audit, since: datetime) -> Sold | None:
    """The sales of an interval whose money is in minor units; ``until`` is its later audit. None where
    nothing says how much was sold."""
    selections = _selections(found, until)
    total, value = found.paid.count, _value(found.paid)
    if total is None:
        total = sum(one.vends for one in selections)
        if not selections or total > LIMITS.count:
            return None
    if value is UNSET:
        value = _sum([one.value_minor for one in selections]) if selections else UNSET
    payments = _payments(found)
    parts = _parts(list(payments.values()), total, value)
    return Sold(
        since,
        total,
        value,
        found.free.count or 0,
        found.test.count or 0,
        _parts(selections, total, value),
        dict(zip(payments, parts, strict=False)),
    )


def _selections(found: Delta, until: Audit) -> list[SelectionSold]:
    """Those that sold, at most so many, the ones that sold most."""
    rows = []
    for name, one in found.selections.items():
        if one.paid.count and NAMED.fullmatch(name):
            asked = until.selections.get(name)
            cost = price(asked.price, until.money) if asked else None
            said = UNSET if cost is None or not 0 <= cost <= MOST_PRICE else cost
            rows.append(SelectionSold(name, one.paid.count, _value(one.paid), said))
    rows.sort(key=lambda one: (-one.vends, one.selection))
    return rows[:MOST_SELECTIONS]


def _payments(found: Delta) -> dict[Literal["cash", "cashless"], PaymentSold]:
    """Both readers together: a method of payment is not a device."""
    told: dict[Literal["cash", "cashless"], PaymentSold] = {}
    for way, devices in PAYMENTS.items():
        changes = [found.payments[name] for name in devices if name in found.payments]
        known = [one for one in changes if one.count is not None]
        if any(one.count for one in known):
            vends = sum(one.count or 0 for one in known)
            told[way] = PaymentSold(vends, _sum([_value(one) for one in known]))
    return told


def _value(change: Change) -> int | UnsetType:
    return UNSET if change.value is None else change.value


def _sum(values: Sequence[int | UnsetType]) -> int | UnsetType:
    """Unsaid where one is."""
    known = [value for value in values if isinstance(value, int)]
    return sum(known) if len(known) == len(values) else UNSET


def _parts[Kind: (SelectionSold, PaymentSold)](
    parts: Sequence[Kind], total: int, value: int | UnsetType
) -> list[Kind]:
    """The parts where they are no more than the whole; without their money where that alone is more."""
    if sum(one.vends for one in parts) > total:
        return []
    money = sum(one.value_minor for one in parts if isinstance(one.value_minor, int))
    if money <= (value if isinstance(value, int) else 0):
        return list(parts)
    return [replace(one, value_minor=UNSET) for one in parts]
