"""Forget what a machine, or a device in it, has sent: as if it had never been sent, now and in rebuilds.

The order is recorded first, as an exclusion; then the machine's documents are mended. A run that died is
finished by the next one. The machine must be in quarantine, and ingest and archive past the quarantine's
beginning: then nobody else changes its documents, and the archive has all that counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vending.domain.clock import millis
from vending.domain.exclusions import Exclusions, Scope
from vending.ports import Documents
from vending.usecases.exclude import Who, finish, in_effect, order, ordered
from vending.usecases.exclusion_list import read
from vending.usecases.honest_machine import NOTHING, Honest, Sources, honest_machine
from vending.usecases.mend_machine import Mended, MendStores, mend, plan


@dataclass(frozen=True)
class Forgotten:
    """What became of a machine, or would: ``events`` None where nothing is left and nobody counted."""

    machine: str
    until: int
    events: int | None
    mended: Mended


@dataclass(frozen=True)
class Forgetting:
    """What it takes to forget: exclusions, the machine's documents, and what they are rebuilt from."""

    catalog: Documents
    stores: MendStores
    sources: Sources
    said: Callable[[str], None] = lambda _: None


async def forget(scope: Scope, who: Who, what: Forgetting, now: datetime, dry_run: bool = False) -> Forgotten:
    """Forget one machine's events of a scope. Raises NotYet, and Transient when it must be run again."""
    (machine,) = scope.machines
    held = await read(what.catalog)
    until = in_effect(held, machine, millis(now)).since
    if dry_run:
        would = Exclusions(held.version, [*held.all.values(), order(scope, until, who, millis(now))])
        honest = await _honest(scope, would, what.sources)
        return Forgotten(machine, until, honest.forgotten, await plan(machine, honest, what.stores, now))
    asked = await ordered(scope, until, who, what.catalog, millis(now))
    held = await read(what.catalog)
    honest = await _honest(scope, held, what.sources)
    changes = await plan(machine, honest, what.stores, now)
    if changes.any or not asked.finished:
        what.said(f"{machine}: its documents are mended")
        await mend(machine, honest, what.stores, asked.recorded, now)
        await finish([asked], what.catalog)
    return Forgotten(machine, until, honest.forgotten, changes)


async def _honest(scope: Scope, held: Exclusions, sources: Sources) -> Honest:
    """Where everything is forgotten, the archive need not be read."""
    return NOTHING if scope.whole else await honest_machine(scope.machines[0], held, sources)
