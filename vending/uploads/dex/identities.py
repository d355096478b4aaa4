"""What must agree inside one audit. Where it does not, the difference is shown; nothing is mended."""

from typing import Literal

from vending.uploads.dex.audit import Audit, CashFlow, Part


class Agreement(Part, frozen=True):
    """Two ways to one number, money in the audit's units; ``difference`` = ``said`` - ``reckoned``."""

    name: str
    said: int
    reckoned: int
    unit: Literal["money", "vends"] = "money"

    @property
    def difference(self) -> int:
        """0 where they agree."""
        return self.said - self.reckoned


def identities(audit: Audit) -> tuple[Agreement, ...]:
    """Those whose amounts the audit sent, over the time since the machine was initialised."""
    flow, paid = audit.cash.cumulative, audit.vends.paid.cumulative
    cash = audit.payments["cash"].cumulative.value if "cash" in audit.payments else None
    devices = [meter.cumulative.value for meter in audit.payments.values()] if cash is not None else []
    sold = [one.paid.cumulative.count for one in audit.selections.values()]
    found = (
        _identity("cash in = box + tubes + bills (CA305 = CA306+CA307+CA310)", flow.received, _kept(flow)),
        _identity("paid = cash + cashless (VA101 = CA201 + DA201 + DB201)", paid.value, _sum(devices)),
        _identity("cash sales = cash in - paid out - overpaid - filled - onto cards", cash, _sales(flow)),
    )
    vends = "paid vends = those of all selections (VA102 = sum of PA201)"
    sums = _sum(sold)
    counted = () if paid.count is None or sums is None else (Agreement(vends, paid.count, sums, "vends"),)
    return (*(one for one in found if one is not None), *counted)


def _identity(name: str, said: int | None, reckoned: int | None) -> Agreement | None:
    return None if said is None or reckoned is None else Agreement(name, said, reckoned)


def _sum(amounts: list[int | None]) -> int | None:
    """None where there is none, or one is not known."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known and len(known) == len(amounts) else None


def _kept(flow: CashFlow) -> int | None:
    """A machine without a bill validator sends no bills."""
    if flow.box is None or flow.tubes is None or (flow.bills is None and flow.notes):
        return None
    return flow.box + flow.tubes + (flow.bills or 0)


def _sales(flow: CashFlow) -> int | None:
    """CA305 - (CA403 - CA404) - CA802 - CA1002 - DA401; what a machine does not send it does not do."""
    if flow.received is None or flow.dispensed is None:
        return None
    out = flow.dispensed - (flow.manual or 0)
    return flow.received - out - (flow.overpaid or 0) - (flow.filled or 0) - (flow.credited or 0)
