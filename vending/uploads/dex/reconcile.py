"""An interval of a machine's own counters beside what the ledger holds of the same interval."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, field, json

from vending.events.fields import Payment
from vending.uploads.dex.audit import Part
from vending.uploads.dex.counters import UNSAID, Change, total
from vending.uploads.dex.delta import Baseline, Delta

WAYS: dict[str, tuple[tuple[str, ...], tuple[Payment, ...]]] = {
    "cash": (("cash",), ("cash",)),
    "cashless": (("cashless1", "cashless2"), ("cashless", "mobile")),
}
"""Name → the machine's devices, the ledger's methods of payment: it does not know which reader it was."""
Number = Annotated[int, Meta(ge=0)]


class Counted(Part, frozen=True, forbid_unknown_fields=True):
    """Vends and their money by the ledger, in minor units."""

    count: Number = 0
    value: Number = 0


class Ledger(Part, frozen=True, forbid_unknown_fields=True):
    """What the ledger holds of the interval: paid vends, no test and no free ones.

    ``collected``: the cash that people counted of box and bills, collected since the audit before.
    """

    selections: dict[str, Counted] = field(default_factory=dict)
    payments: dict[Payment, Counted] = field(default_factory=dict)
    collected: Number | None = None


class Difference(Part, frozen=True):
    """The machine's less the ledger's: ``missed`` vends, ``variance``. None: the machine does not say."""

    machine: Change
    ledger: Counted
    missed: int | None = None
    variance: int | None = None

    @property
    def agrees(self) -> bool:
        """Whether what can be compared is equal."""
        return not self.missed and not self.variance


class Reconciliation(Part, frozen=True, kw_only=True):
    """All differences; with a ``baseline`` there is nothing to compare with."""

    baseline: Baseline | None = None
    vends: Difference
    selections: dict[str, Difference] = field(default_factory=dict)
    payments: dict[str, Difference] = field(default_factory=dict)
    uncounted: int | None = None
    """Cash that people collected, less what the machine says went into box and bills."""
    unknown: tuple[str, ...] = ()
    """Selections of the ledger that the machine does not have: perhaps another numbering."""

    @property
    def agrees(self) -> bool:
        """Whether all that can be compared is equal, and something can be."""
        all_of_them = (self.vends, *self.selections.values(), *self.payments.values())
        return not (self.baseline or self.unknown or self.uncounted) and all(x.agrees for x in all_of_them)


def reconcile(found: Delta, ledger: Ledger) -> Reconciliation:
    """Missed vends by selection, variance by way of payment."""
    sold = {name: one.paid for name, one in found.selections.items()}
    return Reconciliation(
        baseline=found.baseline,
        vends=_difference(found.paid, _all(ledger.selections.values())),
        selections={
            name: _difference(sold.get(name, UNSAID), ledger.selections.get(name, Counted()))
            for name in sold | ledger.selections
        },
        payments={
            way: _difference(
                total([found.payments[device] for device in devices if device in found.payments]),
                _all(ledger.payments[method] for method in methods if method in ledger.payments),
            )
            for way, (devices, methods) in WAYS.items()
        },
        uncounted=_uncounted(found, ledger.collected),
        unknown=tuple(name for name in ledger.selections if found.baseline is None and name not in sold),
    )


def read_ledger(data: bytes) -> Ledger:
    """A ledger as JSON. Raises ValueError with the path of the fault."""
    return json.decode(data, type=Ledger)


def _difference(machine: Change, ledger: Counted) -> Difference:
    missed = None if machine.count is None else machine.count - ledger.count
    variance = None if machine.value is None else machine.value - ledger.value
    return Difference(machine, ledger, missed, variance)


def _all(counted: Iterable[Counted]) -> Counted:
    held = list(counted)
    return Counted(sum(one.count for one in held), sum(one.value for one in held))


def _uncounted(found: Delta, collected: int | None) -> int | None:
    """A machine without a bill validator sends no bills."""
    box = found.cash.box
    return None if collected is None or box is None else collected - box - (found.cash.bills or 0)
