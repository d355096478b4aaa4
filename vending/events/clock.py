"""When an event happened: the device's word where it can be believed, else the best that is known.

Times are integer milliseconds since 1970 UTC. Losing a time is allowed; losing a sale is not.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from vending.events.envelope import Event
from vending.time import Moment, millis

OLDEST = timedelta(days=90)
"""A real-time clock that claims more than this lost its battery."""
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""A synchronised clock that claims less is not one."""
LONGEST = timedelta(days=366)
"""An uptime that puts an event further back is not one."""
AHEAD = timedelta(minutes=5)
LATE = timedelta(hours=1)


def moments(events: Iterable[Event]) -> dict[str, Moment]:
    """The moment of each event of one machine, by its place in the hub.

    Where only the uptime is known, the newest event of the same boot in this batch says what "now" was then.
    """
    events = list(events)
    anchors: dict[tuple[str, str], tuple[int, int]] = {}
    for event in events:
        boot = _boot(event)
        if boot is not None:
            seen = (boot[1], -millis(event.hub.enqueued))
            anchors[boot[0]] = max(anchors.get(boot[0], seen), seen)
    return {event.hub.place: _moment(event, anchors) for event in events}


def _boot(event: Event) -> tuple[tuple[str, str], int] | None:
    bootid, uptime = event.envelope.bootid, event.envelope.uptime
    if isinstance(bootid, str) and isinstance(uptime, int):
        return (event.device, bootid), uptime
    return None


def _moment(event: Event, anchors: dict[tuple[str, str], tuple[int, int]]) -> Moment:
    enqueued, said, sync = event.hub.enqueued, event.envelope.time, event.envelope.clocksync
    if isinstance(said, datetime):
        if sync == "import":
            return Moment(millis(said), "imported")
        if sync == "ntp" and FIRST <= said <= enqueued + AHEAD:
            return Moment(millis(said), "late" if said < enqueued - LATE else "device")
        if sync == "rtc" and enqueued - OLDEST <= said <= enqueued + AHEAD:
            return Moment(millis(said), "late" if said < enqueued - LATE else "device")
    boot = _boot(event)
    if boot is not None:
        newest, negative = anchors[boot[0]]
        age = 1000 * (newest - boot[1])
        if 0 < age <= LONGEST // timedelta(milliseconds=1):
            return Moment(-negative - age, "uptime")
    return Moment(millis(enqueued), "estimated")
