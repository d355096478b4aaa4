"""Forget what a machine, or a device in it, has sent: as if it had never been sent, now and in rebuilds.

The machine is rebuilt in memory; the order is recorded, as an exclusion; then its documents are mended. A run
that died is finished by the next one. The machine must be in quarantine, and ingest and archive past the
quarantine's beginning: then nobody else changes its documents, and the archive has all that counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vendctl.operations.exclude import Who, finish, in_effect, order, ordered
from vendctl.operations.honest_machine import NOTHING, Honest, Sources, honest_machine
from vendctl.operations.mend_machine import Mended, MendStores, mend, plan
from vending.errors import VendstreamError
from vending.ingest.exclusion_list import read
from vending.ingest.exclusions import Exclusions, Scope
from vending.ports import Documents
from vending.time import millis


class ArchiveLacks(VendstreamError):
    """A machine cannot be rebuilt from an archive that does not hold all of it."""


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
    """Forget one machine's events of a scope. Raises NotYet, ArchiveLacks (then nothing was written), and
    Transient when it must be run again."""
    (machine,) = scope.machines
    held = await read(what.catalog)
    until = in_effect(held, machine, millis(now)).since
    would = Exclusions(held.version, [*held.all.values(), order(scope, until, who, millis(now))])
    honest = await _honest(scope, would, what.sources)
    changes = await _planned(machine, honest, what.stores, would, now)
    done = Forgotten(machine, until, honest.forgotten, changes)
    if dry_run:
        return done
    asked = await ordered(scope, until, who, what.catalog, millis(now))
    if changes.any or not asked.finished:
        what.said(f"{machine}: its documents are mended")
        await mend(machine, honest, what.stores, asked.recorded, now)
        await finish([asked], what.catalog)
    return done


async def _planned(
    machine: str, honest: Honest, stores: MendStores, held: Exclusions, now: datetime
) -> Mended:
    scopes = [x.scope for x in held.of(machine) if x.what == "forget"]
    changes = await plan(machine, honest, stores, scopes, now)
    if changes.strays:
        raise ArchiveLacks(
            f"the archive lacks the events of {changes.strays:,} ledger lines of {machine} that nobody wants "
            "forgotten: they would go with the others. Nothing was changed; see `vendctl archive audit`"
        )
    return changes


async def _honest(scope: Scope, held: Exclusions, sources: Sources) -> Honest:
    """Where everything is forgotten, the archive need not be read."""
    return NOTHING if scope.whole else await honest_machine(scope.machines[0], held, sources)
