"""What operators do to exclusions: put a machine in quarantine, let it out, forget what it sent.

Each is one write of the catalog, and begins or ends :data:`exclusions.MARGIN` after it. ``now`` is the time
of the services, in milliseconds: the hub's clock is what events are compared by.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from vending.business_day import instant
from vending.errors import VendstreamError
from vending.ingest import exclusions
from vending.ingest.exclusion_list import AT_ONCE, Change, read, write
from vending.ingest.exclusions import Exclusion, Exclusions, Scope
from vending.ports import Documents

MARGIN = exclusions.MARGIN // timedelta(milliseconds=1)


class NotYet(VendstreamError):
    """What was asked for cannot be done yet, or not in this state; the text says what comes first."""


@dataclass(frozen=True)
class Who:
    """Who asks, and why: for the record."""

    by: str = ""
    reason: str = ""


async def quarantine(scope: Scope, who: Who, documents: Documents, now: int) -> Exclusion:
    """Shut events out from a moment on; the quarantine that is open already, where there is one."""
    held = await read(documents)
    for known in _open(held, scope):
        return known
    new = Exclusion("", "quarantine", scope, now + MARGIN, None, who.reason, who.by, now)
    await write(documents, [Change(new)])
    return new


async def release(machine: str, device: str, documents: Documents, now: int) -> Exclusion:
    """End the quarantines of the machine, or of one device in it; the last one that ends.

    Raises NotYet where there is none.
    """
    held = await read(documents)
    found = [x for x in quarantines(held, machine) if x.scope.device == device and not x.scope.machines[1:]]
    if not found:
        others = ", ".join(x.scope.device or "the machine" for x in quarantines(held, machine))
        there = f" (in quarantine: {others})" if others else ""
        raise NotYet(f"{device or machine} is not in quarantine{there}")
    ended = [replace(x, until=max(now + MARGIN, x.since)) for x in found]
    await write(documents, [Change(x, new=False) for x in ended])
    return ended[-1]


def quarantines(held: Exclusions, machine: str) -> list[Exclusion]:
    """Those of a machine, or of devices in it, that nobody has ended."""
    return [x for x in held.of(machine) if x.what == "quarantine" and x.until is None]


def in_effect(held: Exclusions, machine: str, now: int) -> Exclusion:
    """The quarantine of the whole machine, which has begun. Raises NotYet."""
    found = held.quarantine(machine)
    if found is None:
        raise NotYet(f"{machine} is not in quarantine: `vendctl machine quarantine {machine}` comes first")
    if found.since > now:
        raise NotYet(f"the quarantine of {machine} begins at {instant(found.since)}; ask again then")
    return found


async def ordered(scope: Scope, until: int, who: Who, documents: Documents, now: int) -> Exclusion:
    """The order to forget what was sent before ``until``: recorded once, however often it is asked for."""
    for known in (await read(documents)).all.values():
        if (known.what, known.scope, known.until) == ("forget", scope, until):
            return known
    await write(documents, [Change(order(scope, until, who, now))])
    return await ordered(scope, until, who, documents, now)


def order(scope: Scope, until: int, who: Who, now: int) -> Exclusion:
    """The order to forget, as it is recorded."""
    return Exclusion("", "forget", scope, 0, until, who.reason, who.by, now)


async def finish(done: Sequence[Exclusion], documents: Documents) -> None:
    """Say that the stored documents are mended: whoever remembers older ones forgets them now."""
    await write(documents, [Change(replace(x, finished=True), new=False) for x in done[:AT_ONCE]])


def _open(held: Exclusions, scope: Scope) -> list[Exclusion]:
    return [x for x in quarantines(held, scope.machines[0]) if x.scope == scope]
