"""Days that are to be computed again: one ``rework`` document for each machine that has any.

Because the catalog changed, something failed for good, a read lagged, or an operator took pages away.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from vending.documents.rollup_state import REWORK, Rework
from vending.errors import Conflict
from vending.ports import Put
from vending.readable import readable
from vending.rollups.run import Broken
from vending.rollups.timer import RollUpStores
from vending.time import millis

RETRY_AFTER = timedelta(hours=1)
"""After so long a machine whose days cannot be computed is retried."""
LAG_PASSES_AFTER = timedelta(minutes=5)
"""After so long a read that lagged is retried, for the first time."""
SECOND_PASS_AFTER = timedelta(minutes=30)
"""Longer than any invocation lives (host.json: functionTimeout)."""


@dataclass(frozen=True)
class Due:
    """What is to be done to a machine: its days from ``since`` on, at ``at`` and again at ``second_pass``.

    ``broken``: because a defect kept a day from being computed; ``recount``: because pages were taken away.
    """

    since: str
    at: datetime
    second_pass: datetime | None = None
    broken: bool = False
    recount: bool = False


async def note(machine: str, due: Due, version: int, stores: RollUpStores) -> None:
    """Open the machine's rework, or widen one that is still open: nothing of it is put off.

    One that is malformed is written anew: what it held is not known, so all days are due, twice.
    """
    while True:
        stored = await stores.fleet.read(REWORK, machine)
        held = readable(stored.body, Rework) if stored else None
        if stored and held is None:
            due = Due("", due.at, due.second_pass or due.at + SECOND_PASS_AFTER, due.broken, recount=True)
        wanted = _wanted(machine, due, version, held)
        if held and held == replace(wanted, began=held.began, failing=held.failing):
            return
        try:
            await stores.fleet.write(REWORK, [Put(wanted.dump(), stored.etag if stored else None)])
        except Conflict:
            continue
        return


async def note_broken(broken: Broken, version: int, now: datetime, stores: RollUpStores) -> None:
    """Have the days of machines retried, from the first that could not be counted on.

    After a read that lagged twice: soon, and when no lag can last any more. By then the query sees the page
    that the feed has named.
    """
    later = now + RETRY_AFTER
    for machine, since in sorted(broken.machines.items()):
        await note(machine, Due(since, later, broken=True), version, stores)
    for machine, since in sorted(broken.lagging.items()):
        await note(machine, Due(since, now + LAG_PASSES_AFTER, later), version, stores)


def _wanted(machine: str, due: Due, version: int, held: Rework | None) -> Rework:
    """The rework with what is due; of one that is open, all that was due before too."""
    wanted = Rework(
        id=machine,
        open=True,
        since=due.since,
        due=millis(due.at),
        second_pass=millis(due.second_pass) if due.second_pass else 0,
        broken=due.broken,
        version=version,
        recount=due.recount or None,
        rest=held.rest if held else {},
    )
    if held is None or not held.open:
        return wanted
    return replace(
        wanted,
        since=min(wanted.since, held.since),
        due=min(wanted.due, held.due),
        second_pass=max(wanted.second_pass, held.second_pass),
        broken=wanted.broken or held.broken,
        version=max(wanted.version, held.version),
        recount=wanted.recount or held.recount,
    )
