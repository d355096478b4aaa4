"""When events without a believable clock happened: by the uptime, beside others of the same boot."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from vending.events.event import Event
from vending.time import Moment, millis

LONGEST = timedelta(days=366)
"""An uptime that puts an event further back is not one."""
Boot = tuple[str, str, str]
"""(machine, device, boot id)"""


def dated(events: Iterable[Event]) -> list[Event]:
    """The events of a batch, each with the best time that is known.

    Where only the uptime is known, the newest event of the same boot in this batch says what "now" was then.
    """
    events = list(events)
    anchors: dict[Boot, tuple[int, int]] = {}
    for event in events:
        boot = _boot(event)
        if boot is not None:
            seen = (boot[1], -millis(event.hub.enqueued))
            anchors[boot[0]] = max(anchors.get(boot[0], seen), seen)
    return [_dated(event, anchors) for event in events]


def _boot(event: Event) -> tuple[Boot, int] | None:
    bootid, uptime = event.envelope.bootid, event.envelope.uptime
    if isinstance(bootid, str) and isinstance(uptime, int):
        return (event.machine, event.device, bootid), uptime
    return None


def _dated(event: Event, anchors: dict[Boot, tuple[int, int]]) -> Event:
    boot = _boot(event) if event.at.quality == "estimated" else None
    if boot is None:
        return event
    newest, negative = anchors[boot[0]]
    age = 1000 * (newest - boot[1])
    if 0 < age <= LONGEST // timedelta(milliseconds=1):
        return replace(event, at=Moment(-negative - age, "uptime"))
    return event
