"""Audits of a machine beside its ledger as it is now, for people and programs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from devstack.commandline import Answer, Exit, NotDone
from vendctl.dex import Compared, explain_interval, explain_reconciled, one
from vendctl.operations.reconcile_audits import Two, beside, of_files, stored, told
from vending import wiring
from vending.catalog.cache import CatalogCache
from vending.errors import Rejected
from vending.money import exponent
from vending.time import millis
from vending.uploads.dex.audit import Money


@dataclass(frozen=True)
class Asked:
    """Which audits of a machine: two files, an uploaded one by its number, or (None) the newest."""

    machine: str
    audit: int | None = None
    before: Path | None = None
    after: Path | None = None


async def run(asked: Asked) -> Answer:
    """Compare on the deployment that is wired. Raises NotDone where there is nothing to compare."""
    try:
        two = await _two(asked)
    except Rejected as fault:
        raise NotDone(fault.detail) from fault
    found = await beside(asked.machine, two, wiring.machines())
    currency = two.after.money.currency
    compared = Compared(asked.machine, Money(exponent(currency), currency, stated=True), found.delta)
    parts = [told(two), explain_interval(compared)]
    if found.delta.baseline is None:
        parts.append(explain_reconciled(compared, found.reconciliation))
    code = Exit.DONE if found.reconciliation.agrees else Exit.WRONG
    return Answer(compared.figures(found.reconciliation), "\n\n".join(parts), code)


async def _two(asked: Asked) -> Two:
    if asked.before is None and asked.after is None:
        return await stored(asked.machine, asked.audit, wiring.machines())
    if asked.before is None or asked.after is None or asked.audit is not None:
        raise NotDone("name both --before and --after, or neither and --audit")
    catalog = CatalogCache(wiring.catalog(), wiring.settings().default_time_zone)
    await catalog.refresh()
    assignment = await catalog.assignment(asked.machine)
    return of_files(one(asked.before), one(asked.after), assignment, millis(datetime.now(UTC)))
