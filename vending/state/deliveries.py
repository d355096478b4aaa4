"""Which hub events of a machine are counted: of each partition the newest run of sequence numbers.

One of them that comes again is a redelivery. Only the newest run is kept: a duplicate outside of it is
compared with its ledger line, for at a stop the platform delivers later batches before the one it gave up.
"""

from collections.abc import Mapping

from vending.events.hub_event import HubEvent

Run = list[int]
"""[first, last] sequence number, both counted and all between."""


class Deliveries:
    """The runs while a fold works on them. ``stored``: generation/partition → run."""

    def __init__(self, stored: Mapping[str, Run]) -> None:
        self._stored = stored
        self._counted: dict[str, list[int]] = {}
        self._open: dict[str, list[int]] = {}

    def counted(self, hub: HubEvent) -> None:
        """The event is counted."""
        self._counted.setdefault(hub.numbering, []).append(hub.sequence)

    def left_open(self, hub: HubEvent) -> None:
        """The event is refused or a possible conflict: it must be judged again when it is redelivered, for
        its dead letter may not be written yet."""
        self._open.setdefault(hub.numbering, []).append(hub.sequence)

    def redelivered(self, hub: HubEvent) -> bool:
        """Whether the event was counted by an earlier fold."""
        held = self._stored.get(hub.numbering)
        return held is not None and held[0] <= hub.sequence <= held[1]

    def dump(self) -> dict[str, Run]:
        """The runs with what was counted: each ends at what was left open."""
        return {**self._stored, **{numbering: self._run(numbering) for numbering in self._counted}}

    def _run(self, numbering: str) -> Run:
        numbers = self._counted[numbering]
        last = max(numbers)
        barrier = max((number for number in self._open.get(numbering, ()) if number < last), default=-1)
        first = min(number for number in numbers if number > barrier)
        held = self._stored.get(numbering)
        if held and held[0] <= last + 1 and first <= held[1] + 1:
            return [min(first, held[0]), max(last, held[1])]
        return [first, last]
