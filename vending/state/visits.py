"""Visits as they were told: the newest event of either kind stands, in any order of arrival."""

from collections.abc import Iterable

from vending.documents.visits import PREFIX, Told, VisitRecord
from vending.events.event import Event
from vending.events.visits import Visit


def record_id(visit: str) -> str:
    """The id of its record."""
    return f"{PREFIX}{visit}"


def merged(held: VisitRecord | None, machine: str, visit: str, events: Iterable[Event]) -> VisitRecord:
    """The record with what these events, all of the visit, tell in it."""
    told: dict[bool, Told] = {}
    if held is not None:
        told = {begun: one for begun, one in ((True, held.started), (False, held.ended)) if one}
    for event in events:
        begun, one = event.name == "visit.started", _told(event)
        told[begun] = max(told.get(begun, one), one)
    times = [one.at for one in told.values()]
    return VisitRecord(
        id=record_id(visit),
        machine_id=machine,
        first=min(times),
        visited=max(times),
        started=told.get(True),
        ended=told.get(False),
        rest=held.rest if held else {},
    )


def _told(event: Event) -> Told:
    data = event.data
    if not isinstance(data, Visit):
        raise TypeError(f"{event.name} tells of no visit")
    user = data.user_ref if isinstance(data.user_ref, str) else ""
    return Told(*event.order, event.device, event.at.ms, data.reason, user)
