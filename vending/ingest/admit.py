"""The first step of ingest: which valid events are let in.

What operators excluded is kept as a dead letter (``quarantined``) or left out (forgotten); machines that an
unbound sender invents are refused (``too-many-machines``) before anything is stored of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vending.business_day import instant
from vending.errors import Rejected, Transient
from vending.events.event import Event
from vending.ingest import exclusions
from vending.ingest.admission import News
from vending.ingest.dead_letters import Refusals, defect
from vending.ingest.exclusion_list import Current
from vending.ingest.exclusions import Exclusions
from vending.ingest.name_machines import NamingJudge
from vending.ports import Documents, Put, Stored


@dataclass(frozen=True)
class Admission:
    """What admission decides by: the operators' exclusions, and the quota of new machines."""

    exclusions: Current
    naming: NamingJudge


@dataclass(frozen=True)
class Admitted:
    """The events that were let in, and what else came of it."""

    events: list[Event]
    forgotten: int = 0
    named: Mapping[str, News] = field(default_factory=dict)
    """Partition → what is to be remembered of its new machines."""
    excluded: Exclusions = exclusions.NONE
    """The list that they were judged by."""


async def admit(
    events: Sequence[Event], by: Admission | None, remembered: Documents, refusals: Refusals
) -> Admitted:
    """Decide in the order of the events' sequence numbers; without ``by``, all are let in.

    ``remembered``: conditions as ingest caches them, which may be stale. Raises Transient.
    """
    if by is None:
        return Admitted(list(events))
    excluded = await by.exclusions.current()
    inside, forgotten = _without(events, excluded, refusals)
    named = await by.naming.judge(inside, remembered)
    refusals.add(named.refusals)
    away = {hub.position for hub, _ in named.refusals}
    inside = [event for event in inside if event.hub.position not in away]
    return Admitted(inside, forgotten, named.news, excluded)


def _without(events: Sequence[Event], excluded: Exclusions, refusals: Refusals) -> tuple[list[Event], int]:
    """The events that no exclusion shuts out, and how many of the others are forgotten."""
    inside, forgotten = [], 0
    for event in events:
        try:
            found = excluded.judge(event)
        except MemoryError:
            raise
        except Exception as fault:  # noqa: BLE001 - a bug in the judge costs the event, not the partition
            refusals.add([(event.hub, defect(fault))])
            continue
        if found is None:
            inside.append(event)
        elif found.what == "forget":
            forgotten += 1
        else:
            refusals.add([(event.hub, Rejected("quarantined", _why(event, found)))])
    return inside, forgotten


def _why(event: Event, found: exclusions.Exclusion) -> str:
    whose = f"{found.scope.device} in {event.machine}" if found.scope.device else event.machine
    epochs = f" from epoch {found.scope.epoch_from} on" if found.scope.epoch_from else ""
    why = f": {found.reason}" if found.reason else ""
    return f"{whose}{epochs} is in quarantine since {instant(found.since)}{why}"


class Fenced:
    """The port Documents, for who judged by a list of exclusions: what was mended by a newer one is not read.

    A batch that was begun before a machine was mended would put back what was taken away.
    """

    def __init__(self, documents: Documents, by: Admission, version: int) -> None:
        self._documents = documents
        self._by = by
        self._version = version
        self.select = documents.select

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002 - Cosmos DB's own word
        """The document, or None. Raises Transient: the batch must be judged anew."""
        stored = await self._documents.read(key, id)
        if stored is not None and (mended := stored.body.get("exclusions", 0)) > self._version:
            self._by.exclusions.expire()
            what = f"{key}/{id} was mended by exclusions {mended}, this batch was judged by {self._version}"
            raise Transient(what)
        return stored

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """As the store's own."""
        return await self._documents.write(key, puts)


def fenced(documents: Documents, by: Admission | None, admitted: Admitted) -> Documents:
    """The documents, behind the fence."""
    return documents if by is None else Fenced(documents, by, admitted.excluded.version)
