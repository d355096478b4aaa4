"""Exclusions: which events operators shut out, and from when until when.

They are stored as :mod:`vending.documents.exclusions`: each one, and the version of the newest of them.

``since`` and ``until`` (milliseconds since 1970 UTC) are compared with the time at which the hub took an
event in, and with nothing else. So an event has one verdict, whenever and in whatever order it is judged:
when it arrives, when it is delivered again, in every rebuild. For that to be so an exclusion begins and ends
:data:`MARGIN` after it was written: by then nobody judges by an older list (:data:`KEPT_FOR`).

*Quarantine*: the events are kept as dead letters. *Forget*: they are as if they had never been sent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from vending.documents.exclusions import StoredExclusion, What
from vending.events.event import Event
from vending.time import millis

KEPT_FOR = timedelta(seconds=5)
"""How long a process may judge by the list that it read."""
MARGIN = timedelta(seconds=30)
"""From the writing of an exclusion to its effect: longer than :data:`KEPT_FOR` by what clocks differ."""
MACHINES = 500
"""Of one exclusion."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose events: of some machines, of one device in them (or ``""``), from an epoch on."""

    machines: tuple[str, ...]
    device: str = ""
    epoch_from: int = 0

    @property
    def whole(self) -> bool:
        """Whether all events of the machines are meant."""
        return not self.device and not self.epoch_from

    def holds(self, event: Event) -> bool:
        """Whether the event is of such a device and epoch; the machine is not looked at."""
        return self.covers(event.device, event.envelope.deviceepoch)

    def covers(self, device: str, epoch: int) -> bool:
        """Whether a device's epoch is meant."""
        return self.device in ("", device) and epoch >= self.epoch_from


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One exclusion; ``until`` None where nobody ended it yet."""

    id: str
    what: What
    scope: Scope
    since: int = 0
    until: int | None = None
    reason: str = ""
    by: str = ""
    at: int = 0
    recorded: int = 0
    """The list's version with which it came."""
    finished: bool = False
    """Of what is forgotten: whether the stored documents were mended."""

    def holds(self, event: Event) -> bool:
        """Whether the event, which is of one of the machines, is shut out."""
        at = millis(event.hub.enqueued)
        return self.since <= at and (self.until is None or at < self.until) and self.scope.holds(event)


class Exclusions:
    """All exclusions as of one version, by machine."""

    def __init__(self, version: int = 0, held: Iterable[Exclusion] = ()) -> None:
        self.version = version
        self.all = {exclusion.id: exclusion for exclusion in held}
        self._of: dict[str, list[Exclusion]] = {}
        for exclusion in self.all.values():
            for machine in exclusion.scope.machines:
                self._of.setdefault(machine, []).append(exclusion)

    def of(self, machine: str) -> list[Exclusion]:
        """The exclusions that apply to a machine's events."""
        return self._of.get(machine, [])

    def judge(self, event: Event) -> Exclusion | None:
        """What shuts the event out: to be forgotten goes before quarantine; None where it is let in."""
        found = [exclusion for exclusion in self.of(event.machine) if exclusion.holds(event)]
        return min(found, key=lambda exclusion: exclusion.what, default=None)

    def forgets(self, event: Event) -> bool:
        """Whether the event is as if never sent."""
        found = self.judge(event)
        return found is not None and found.what == "forget"

    def quarantine(self, machine: str) -> Exclusion | None:
        """The quarantine of the whole machine that nobody has ended, the earliest one; None without one."""
        held = [x for x in self.of(machine) if x.what == "quarantine" and x.until is None and x.scope.whole]
        return min(held, key=lambda exclusion: exclusion.since, default=None)


NONE = Exclusions()


def document(exclusion: Exclusion, version: int) -> StoredExclusion:
    """As it is stored."""
    return StoredExclusion(
        id=exclusion.id,
        version=version,
        what=exclusion.what,
        machines=list(exclusion.scope.machines),
        device=exclusion.scope.device,
        epoch_from=exclusion.scope.epoch_from,
        since=exclusion.since,
        until=exclusion.until,
        reason=exclusion.reason,
        by=exclusion.by,
        at=exclusion.at,
        recorded=exclusion.recorded or version,
        finished=exclusion.finished,
    )


def exclusion(held: StoredExclusion) -> Exclusion:
    """From its document."""
    return Exclusion(
        id=held.id,
        what=held.what,
        scope=Scope(tuple(held.machines), held.device, held.epoch_from),
        since=held.since,
        until=held.until,
        reason=held.reason,
        by=held.by,
        at=held.at,
        recorded=held.recorded,
        finished=held.finished,
    )
