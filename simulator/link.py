"""The way from a device to the hub, with everything that goes wrong on it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from simulator import hostile
from simulator.demand import DAY
from simulator.device import LEDGER
from simulator.dice import Dice

MINUTE = 60_000
FAULTS = {
    "duplicates": "an event is sent twice, at times with other bytes for the same content",
    "reordering": "an event overtakes others by up to ten minutes",
    "offline": "the mobile network is away for minutes to hours; then the backlog comes at once",
    "resends": "after an offline spell the last events before it are sent again",
    "clocks": "clocks drift, have no battery, or do not exist",
    "swaps": "a board is replaced or loses its storage: the next epoch",
    "losses": "a device loses an event: a hole in its numbers for ever",
    "poison": "malformed and hostile bodies",
    "conflicts": "a second content under an event's id",
    "forgeries": "a device with a credential of its own speaks as another one, or for another machine",
    "epochs": "a board numbers an event from an epoch that nobody issued to it",
}
STOPPING = {
    "binary-bodies": "bodies that are AMQP values or sequences: each stops its partition until it is cleared",
}
"""Faults that hold up everybody else, and are therefore never among all of them: they are named."""
REORDERED, DUPLICATED, LOST = 0.01, 0.01, 0.0005
POISONED, CONFLICTING, FORGED, BINARY, CORRUPT = 0.003, 0.004, 0.0008, 0.0005, 0.0008
"""Shares of the events; conflicts: of those with a ledger number."""


@dataclass(slots=True)
class Delivery:
    """Something that a device sends. ``reason`` says why it will be refused, for poison; ``doubtful`` how
    many earlier sends of it were neither acknowledged nor refused: the hub may hold it so many times more."""

    machine: int
    key: str
    body: bytes
    kind: str = "event"
    reason: str = ""
    publisher: str = ""
    doubtful: int = 0
    section: str = ""
    """``value`` or ``sequence``: the AMQP body is that of the JSON in ``body``, and no data."""


Due = tuple[int, Delivery]


@dataclass
class Link:
    """The connection of one machine, from 0. Times are model milliseconds."""

    machine: int
    faults: frozenset[str]
    dice: Dice
    away_until: int = 0
    """When the network returns; 0 while it is there."""
    last: int = 0
    backlog: list[Delivery] = field(default_factory=list)
    recent: list[Delivery] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    """How often each fault struck."""

    def send(self, now: int, key: str, name: str, body: bytes) -> tuple[list[Due], bool]:
        """What goes out for an event, and when; and whether the device lost it instead."""
        if self._strikes("losses", LOST):
            return [], True
        first = Delivery(self.machine, key, body)
        companions = self._companions(first, name)
        if self.away_until:
            self.backlog += [first, *companions]
            return [], False
        self.recent = [*self.recent[-7:], first]
        late = not companions and self._strikes("reordering", REORDERED)
        at = self._moment(now)
        dues = [(at + self.dice.between(1_000, 10 * MINUTE) if late else at, first)]
        dues += [(self._moment(now), companion) for companion in companions]
        if self._strikes("duplicates", DUPLICATED):
            dues.append((at + self.dice.between(0, 5 * MINUTE), self._again(first)))
        return dues, False

    def cut(self, now: int, length: int) -> None:
        """The network goes away for so long (or longer, where it is away already)."""
        self.away_until = max(self.away_until, now + length)

    def reconnect(self, now: int) -> list[Due]:
        """The network is back: the backlog, after a resend of what may not have arrived before."""
        self.away_until = 0
        resent: list[Delivery] = []
        if "resends" in self.faults:
            resent = [self._again(x) for x in self.recent[-self.dice.between(1, 8) :]]
            self.done["resends"] += len(resent)
        burst, self.backlog = resent + self.backlog, []
        return [(self._moment(now), delivery) for delivery in burst]

    def next_spell(self, now: int) -> tuple[int, int]:
        """When the network goes away next, and for how long."""
        return now + self.dice.wait(3 * DAY), self.dice.wait(70 * MINUTE) + MINUTE

    def dump(self) -> dict[str, Any]:
        """For a state file; deliveries apart."""
        return {"dice": self.dice.state, "away": self.away_until, "last": self.last, "done": self.done}

    def restore(self, raw: dict[str, Any]) -> None:
        """Take over what :meth:`dump` gave."""
        self.dice.state, self.away_until, self.last = raw["dice"], raw["away"], raw["last"]
        self.done = Counter(raw["done"])

    def _strikes(self, fault: str, probability: float) -> bool:
        if fault not in self.faults or not self.dice.chance(probability):
            return False
        self.done[fault] += 1
        return True

    def _moment(self, now: int) -> int:
        """Some hundred milliseconds later, and never before what was sent before."""
        self.last = max(self.last, now + self.dice.between(50, 900))
        return self.last

    def _again(self, sent: Delivery) -> Delivery:
        body = hostile.rewritten(sent.body) if self.dice.chance(0.2) else sent.body
        return Delivery(sent.machine, sent.key, body, "duplicate")

    def _companions(self, first: Delivery, name: str) -> list[Delivery]:
        """What travels right behind an event: spoilt copies, contradictions, forgeries, no data."""
        found = []
        if self._strikes("poison", POISONED):
            body, reason = hostile.poison(first.body, self.dice)
            found.append(Delivery(first.machine, first.key, body, "poison", reason))
        if name in LEDGER and self._strikes("conflicts", CONFLICTING):
            body = hostile.conflict(first.body)
            found.append(Delivery(first.machine, first.key, body, "poison", "conflict"))
        if self._strikes("binary-bodies", BINARY):
            body, section = hostile.binary(first.body, self.dice)
            found.append(Delivery(first.machine, first.key, body, "poison", "amqp-body", section=section))
        if self._strikes("forgeries", FORGED):
            body, thief, publisher = hostile.forgery(first.body, self.dice)
            found.append(Delivery(first.machine, thief, body, "poison", "forged-identity", publisher))
        if self._strikes("epochs", CORRUPT):
            body, publisher = hostile.corrupt_epoch(first.body, self.dice)
            found.append(Delivery(first.machine, first.key, body, "poison", "epoch-not-issued", publisher))
        return found
