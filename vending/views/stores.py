"""What the read models share: their stores, and the fleet as it was a moment ago.

The conditions of the whole fleet are a handful of documents, and so are its open alerts: each instance
reads them at most once in two seconds, however many people look, and less often where they are many.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from vending.documents.conditions import Conditions, Entry
from vending.ports import Documents, Stored
from vending.readable import readable
from vending.recent import Recent
from vending.state import conditions
from vending.time import millis
from vending.views.names import Names
from vending.views.sold_days import SoldBefore

EACH_MACHINE, EACH_ALERT = timedelta(microseconds=100), timedelta(milliseconds=1)
"""For so long what was read of all machines, or of all open alerts, is kept for each of them, where that is
longer: of 100,000 machines ten seconds, of 20,000 two. So what an instance spends on it has a bound."""


@dataclass(frozen=True)
class ViewStores:
    """Where the read models read, and what they remember."""

    machines: Documents
    conditions: Documents
    alerts: Documents
    fleet: Documents
    catalog: Documents
    silent_after: timedelta = timedelta(hours=1)
    """A machine that was not heard of for longer is silent."""
    recent: Recent = field(default_factory=Recent)
    held: dict[str, Stored] = field(default_factory=dict)
    """Conditions documents at the version they were read last."""
    names: Names = field(default_factory=Names)
    sold: SoldBefore = field(default_factory=SoldBefore)

    def silent_before(self, now: datetime) -> int:
        """Machines whose newest event is older (ms) are silent."""
        return millis(now - self.silent_after)


class Heard(NamedTuple):
    """What the conditions documents say."""

    machines: dict[str, Entry]
    """Every machine that ever sent an event, with its registers, in the order of machine ids."""
    defective: int
    """Documents that are malformed: of their machines it is not known how they are."""


async def fleet_conditions(stores: ViewStores, now: datetime) -> dict[str, Entry]:
    """Every machine that ever sent an event, with its registers, in the order of machine ids."""
    return (await heard(stores, now)).machines


async def heard(stores: ViewStores, now: datetime) -> Heard:
    """The fleet's condition, and how much of it cannot be told."""

    async def read() -> Heard:
        found = [readable(stored.body, Conditions) for stored in await _moved(stores.conditions, stores.held)]
        fleet = conditions.merged([document for document in found if document])
        return Heard(dict(sorted(fleet.items())), found.count(None))

    held: Heard = await stores.recent.get(
        "conditions", now, read, lambda found: len(found.machines) * EACH_MACHINE
    )
    return held


async def _moved(documents: Documents, held: dict[str, Stored]) -> list[Stored]:
    """All conditions documents. A query of their ETags alone says which of those held have moved.

    Those are read by their ids: a point read of 100 KB costs a tenth of a query that returns as much.
    """
    listed = documents.select(None, ("type", "=", Conditions.type), fields=("id",))
    etags = {stored.body["id"]: stored.etag async for stored in listed}
    stale = [name for name, etag in etags.items() if name not in held or held[name].etag != etag]
    for stored in await asyncio.gather(*(documents.read(name, name) for name in stale)):
        if stored is not None:
            held[stored.body["id"]] = stored
    return [held[name] for name in etags if name in held]
