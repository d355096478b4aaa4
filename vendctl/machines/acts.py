"""What ``vendctl machine`` does, and how it tells of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from vendctl.letters import about
from vendctl.machines.places import forgetting, past, service_time, stores
from vendctl.operations.exclude import NotYet, Who, in_effect, quarantine, release
from vendctl.operations.forget_machine import Forgotten, forget
from vendctl.operations.forget_unassigned import forget_all, order_all, pending, unassigned
from vendctl.progress import Progress
from vending import wiring
from vending.business_day import instant
from vending.ingest.exclusion_list import read
from vending.ingest.exclusions import Exclusion, Scope
from vending.ingest.review_dead_letters import TO_DO, dead_letters
from vending.ingest.stored_conditions import of_fleet
from vending.ports import Blobs
from vending.time import millis
from vending.views.places import SMOKE_MACHINE

Told = tuple[dict[str, Any], str]
"""As JSON, and for people."""


@dataclass(frozen=True)
class Asked:
    """Whose events are meant."""

    machine: str
    device: str = ""
    epoch_from: int = 0

    @property
    def scope(self) -> Scope:
        """As exclusions name it."""
        return Scope((self.machine,), self.device, self.epoch_from)

    @property
    def words(self) -> str:
        """As it was asked for."""
        return self.whose + (f" --epoch-from {self.epoch_from}" if self.epoch_from else "")

    @property
    def whose(self) -> str:
        """Machine and device, as other commands take them."""
        return self.machine + (f" --device {self.device}" if self.device else "")


@dataclass(frozen=True)
class Patience:
    """How long to wait for the quarantine and for the functions, the settings that find them, and where it is
    shown how far all is."""

    environment: Mapping[str, str]
    seconds: float
    progress: Progress


async def shut_out(asked: Asked, who: Who) -> Told:
    """Put in quarantine."""
    held = await quarantine(asked.scope, who, wiring.catalog(), millis(await service_time()))
    unknown = "" if await _known(asked.machine) else f"\n(no event of {asked.machine} has come yet)"
    text = (
        f"{asked.words} is in quarantine from {instant(held.since)} on: its events are kept as dead letters "
        f"and change nothing.\nnext: vendctl machine forget {asked.machine} [--device DEVICE] --dry-run, or "
        f"vendctl machine release {asked.whose}{unknown}"
    )
    return _row(held), text


async def _known(machine: str) -> bool:
    fleet = await of_fleet(wiring.conditions())
    return machine in fleet or bool(await wiring.machines().read(machine, "stock"))


async def let_in(asked: Asked) -> Told:
    """End a quarantine, and say what waits."""
    held = await release(asked.machine, asked.device, wiring.catalog(), millis(await service_time()))
    until = instant(held.until or 0)
    waiting = await waiting_letters(wiring.deadletters(), asked)
    again = f"vendctl deadletters replay --reason quarantined --machine {asked.whose}"
    letters = f"{waiting:,} events wait as dead letters; those that are right, after that: {again}"
    text = f"{asked.words} is let in from {until} on.\n{letters if waiting else 'No dead letters wait.'}"
    return _row(held) | {"letters": waiting, "replay": again}, text


async def waiting_letters(blobs: Blobs, asked: Asked) -> int:
    """How many of the machine's events were kept in quarantine and are not settled yet."""
    count = 0
    async for letter in dead_letters(blobs):
        if letter.reason == "quarantined" and about(letter.hub, asked.machine, asked.device):
            count += letter.state in TO_DO
    return count


async def forget_one(asked: Asked, who: Who, patience: Patience, dry_run: bool) -> Told:
    """Forget a machine's events, when the quarantine has begun and the functions are past it."""
    latest = _later(await service_time(), patience.seconds)
    await until(in_effect(await read(wiring.catalog()), asked.machine, latest).since, patience)
    await past(patience.environment, patience.seconds)
    done = await forget(asked.scope, who, forgetting(patience.progress), await service_time(), dry_run)
    return asdict(done) | {"dryRun": dry_run}, told(done, asked, dry_run)


def told(done: Forgotten, asked: Asked, dry_run: bool) -> str:
    """What was forgotten, or would be."""
    would = "would be " if dry_run else ""
    events = f"{done.events:,} events" if done.events is not None else "all events"
    mended = done.mended
    money = ", ".join(f"{minor:+,} {currency}" for currency, minor in mended.revenue.items())
    lines = [
        f"{asked.words}: {events} before {instant(done.until)} {would or 'are '}forgotten",
        f"  ledger lines {would}taken away {mended.away:,}, counted after all {mended.back:,}",
        f"  units {mended.units:+,}, revenue {money or 0} (minor units)",
        f"  readings and visits {would}changed {mended.registers + mended.visits:,}",
        f"  alerts {would}closed {mended.alerts:,}",
        "" if mended.left else f"  nothing {'would be' if dry_run else 'is'} left of {done.machine}",
        "" if dry_run else "  its days are computed anew within minutes, and once more in half an hour",
        "" if dry_run else f"next: vendctl machine release {done.machine}",
    ]
    return "\n".join(filter(None, lines))


async def forget_many(
    before: datetime, who: Who, patience: Patience, with_sales: bool, dry_run: bool
) -> Told:
    """Forget the machines that the catalog does not place, and what an earlier run has left."""
    if not pending(await read(wiring.catalog())):
        found = await unassigned(stores(), wiring.catalog(), before, frozenset({SMOKE_MACHINE}))
        chosen = [x for x in found.machines if with_sales or x not in set(found.sold)]
        spared = len(found.machines) - len(chosen)
        if dry_run or not chosen:
            figures = {"machines": len(chosen), "spared": spared, "dryRun": dry_run, "named": chosen[:20]}
            kept = f"; {spared:,} that sold something are left alone (--with-sales)" if spared else ""
            return figures, f"{len(chosen):,} unassigned machines{kept}: {', '.join(chosen[:20])}"
        await order_all(chosen, who, wiring.catalog(), millis(await service_time()))
        patience.progress.say(f"{len(chosen):,} machines are in quarantine in half a minute")
    elif dry_run:
        return {"pending": True}, "an earlier run is not finished: run it without --dry-run"
    orders = pending(await read(wiring.catalog()))
    await until(max(x.until or 0 for x in orders), patience)
    await past(patience.environment, patience.seconds)

    def forgotten(done: int, of: int) -> None:
        patience.progress.stage("machines forgotten", done, of)

    count = await forget_all(wiring.catalog(), stores(), await service_time(), forgotten)
    return {"machines": count, "dryRun": False}, f"{count:,} machines are forgotten"


async def listed(every: bool) -> tuple[list[dict[str, Any]], str]:
    """The exclusions that are open, or all."""
    held = await read(wiring.catalog())
    rows = [
        x for x in held.all.values() if every or x.until is None or (x.what == "forget" and not x.finished)
    ]
    rows.sort(key=lambda x: x.recorded)
    return [_row(x) for x in rows], "\n".join(map(_line, rows)) or "no machine is in quarantine"


async def until(moment: int, patience: Patience) -> None:
    """Wait for a time of the services (ms), if that is not too long. Raises NotYet."""
    left = (moment - millis(await service_time())) / 1000
    if left > patience.seconds:
        raise NotYet(f"it begins at {instant(moment)}; ask again then")
    if left > 0:
        patience.progress.say(f"waiting {left:.0f} s for {instant(moment)}")
        await asyncio.sleep(left)


def _later(now: datetime, seconds: float) -> int:
    return millis(now + timedelta(seconds=seconds))


def _row(held: Exclusion) -> dict[str, Any]:
    row = asdict(held) | asdict(held.scope)
    row.pop("scope")
    return row | {"machines": list(held.scope.machines[:20]), "count": len(held.scope.machines)}


def _line(held: Exclusion) -> str:
    scope = held.scope
    names = scope.machines[0] + (f" and {len(scope.machines) - 1} more" if scope.machines[1:] else "")
    device = f" device {scope.device}" if scope.device else ""
    epochs = f" from epoch {scope.epoch_from}" if scope.epoch_from else ""
    when = f"{instant(held.since)} to {instant(held.until) if held.until is not None else 'now'}"
    state = "" if held.what == "quarantine" or held.finished else " NOT FINISHED: run it again"
    said = " ".join(filter(None, (held.by, held.reason)))
    return f"{held.what:<10} {names}{device}{epochs}  {when}{state}  {said}".rstrip()
