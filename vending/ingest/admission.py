"""How many new machines one sender may name: a bound on machines that somebody invents.

A device's credential that says no machine (it is *unbound*) can name any. It may name :data:`Quota.most`
machines an hour that its hub partition never heard of; what else it says of new ones is refused before
anything is stored of them. Machines of the catalog are let in always, and so is who needs no publisher's
name: whoever holds the operator's own credential (imports, the simulator, a replay of dead letters).

What is remembered stands in the partition's first conditions document, as ``named``
(:class:`~vending.documents.conditions.Named`).

The verdicts are those of the order of a partition's sequence numbers, and a redelivered batch finds the
same ones. In another order others would be named first. So a rebuild, in which the catalog and the forgotten
machines are other than they were, does not decide again: it takes the refusals from the
dead letters.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

from vending.documents.conditions import Named, NamedBy
from vending.errors import Rejected
from vending.events import publishers
from vending.events.event import Event
from vending.events.identity import PUBLISHER_KEYS
from vending.time import millis

HOUR = 3_600_000
REMEMBERED = 2_000
"""New machines of two hours in one partition; beyond, none is let in by a quota."""
News = dict[str, NamedBy]
"""New machines, and who named them."""
Bound = Callable[[str], bool]
"""Whether a publisher's name says for which machine it may speak."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The bound: new machines of an unbound sender in an hour."""

    most: int = 20
    bound: Bound = publishers.bound


def sender(event: Event, bound: Bound) -> str | None:
    """The name of an unbound publisher; None for who is trusted with any machine, or bound to his."""
    for key in PUBLISHER_KEYS:
        publisher = event.hub.system.get(key)
        if publisher is not None and not bound(str(publisher)):
            return str(publisher)
    return None


class Naming:
    """Decides of one partition's events, which must come in the order of their sequence numbers.

    ``known``: machines that the partition has heard of; ``catalog``: those that it names; ``named``: what was
    remembered.
    """

    def __init__(self, quota: Quota, known: Container[str], catalog: Container[str], named: Named) -> None:
        self.quota, self.known, self.catalog = quota, known, catalog
        self.hour = named.hour
        self.rows = dict(named.machines)
        self.counts = Counter((row.publisher, row.hour) for row in self.rows.values())
        self.heard: set[str] = set()
        self.refused: set[str] = set()
        self.news: News = {}
        """What is to be remembered besides."""

    def judge(self, event: Event) -> None:
        """Let the event in, or raise Rejected (``too-many-machines``)."""
        who = sender(event, self.quota.bound)
        if who is not None and not self._known(event) and event.machine not in self.catalog:
            self._name(event, who)
        elif event.machine in self.refused:  # known now, but it was not when the earlier ones came
            self._remember(event, "")
        self.heard.add(event.machine)

    def _known(self, event: Event) -> bool:
        if (first := self._first(event)) is not None:
            # What came before the first one was refused, and is when it is redelivered.
            return event.hub.sequence >= first.sequence
        return event.machine in self.heard or event.machine in self.known

    def _name(self, event: Event, who: str) -> None:
        hour = hour_of(event)
        late = hour < self.hour - 1 or self._first(event) is not None
        if late or self.counts[who, hour] >= self.quota.most or len(self.rows) >= REMEMBERED:
            self.refused.add(event.machine)
            raise Rejected(
                "too-many-machines",
                f"{event.machine} is not in the catalog, and {who} may name {self.quota.most} new machines "
                "an hour. Is it real: `vendctl catalog import` it, then `vendctl deadletters replay`",
            )
        self._remember(event, who)

    def _remember(self, event: Event, who: str) -> None:
        hour = hour_of(event)
        row = NamedBy(who, hour, event.hub.generation, event.hub.sequence)
        self.rows[event.machine] = self.news[event.machine] = row
        self.refused.discard(event.machine)
        self.counts[who, hour] += 1
        if hour > self.hour:
            self.hour, self.rows = hour, _recent(self.rows, hour)

    def _first(self, event: Event) -> NamedBy | None:
        row = self.rows.get(event.machine)
        return row if row is not None and row.generation == event.hub.generation else None


def remembered(named: Named, news: Mapping[str, NamedBy]) -> Named:
    """What is stored, with the news in it and without what is older than the hour before the newest.

    What stands there of the same life of the hub stays: it was judged first.
    """
    rows = dict(named.machines)
    for machine, row in news.items():
        if machine not in rows or rows[machine].generation != row.generation:
            rows[machine] = row
    hour = max([named.hour, *(row.hour for row in news.values())])
    return Named(hour, _recent(rows, hour))


def _recent(rows: News, hour: int) -> News:
    return {machine: row for machine, row in rows.items() if row.hour >= hour - 1}


def hour_of(event: Event) -> int:
    """The hour in which the hub took the event in."""
    return millis(event.hub.enqueued) // HOUR


def unbound(events: Iterable[Event], bound: Bound) -> set[str]:
    """The machines that unbound senders name."""
    return {event.machine for event in events if sender(event, bound) is not None}
