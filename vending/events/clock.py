"""When an event happened: the device's word where it can be believed, else when the hub took it in.

Times are integer milliseconds since 1970 UTC. Losing a time is allowed; losing a sale is not.
"""

from datetime import UTC, datetime, timedelta

from vending.time import Moment, millis

OLDEST = timedelta(days=90)
"""A real-time clock that claims more than this lost its battery."""
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""A synchronised clock that claims less is not one."""
AHEAD = timedelta(minutes=5)
LATE = timedelta(hours=1)


def believed(said: datetime | None, clocksync: str, enqueued: datetime) -> Moment:
    """The time that an event says, by how its clock is set; ``estimated`` where that is not believed."""
    if said is not None:
        if clocksync == "import":
            return Moment(millis(said), "imported")
        oldest = {"ntp": FIRST, "rtc": enqueued - OLDEST}.get(clocksync)
        if oldest is not None and oldest <= said <= enqueued + AHEAD:
            return Moment(millis(said), "late" if said < enqueued - LATE else "device")
    return Moment(millis(enqueued), "estimated")
