"""``silent``: nothing was heard of a machine for too long."""

from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.lasting_rule import MINUTE
from vending.alerts.rules.register_rule import RegisterRule, order_of
from vending.alerts.transitions import Finding
from vending.documents.conditions import Register

HEARTBEATS = 3
"""That a machine misses before it is silent, where it says how often they come."""


class SilentThresholds(Thresholds, frozen=True):
    """Of a machine's signs of life."""

    after_minutes: Annotated[float, Meta(ge=1, le=90 * 24 * 60)] | None = None
    """None: three intervals of its heartbeats, and no less than ``SILENT_AFTER_MINUTES``."""


class Silent(RegisterRule):
    """Nobody waits for a machine that stands nowhere: one that the catalog does not place never fires."""

    name = "silent"
    family = "seen"
    closes = "evidence"
    severity = "warning"
    thresholds = SilentThresholds
    title = "The machine is silent"
    component = "`machine`"
    opens = (
        "nothing heard of a machine of the catalog (of any, while the catalog has no machines) for "
        "`SILENT_AFTER_MINUTES` (60), and for three intervals of its heartbeats where they say "
        "`intervalS`"
    )
    closes_when = "the next sign of life"
    times = frozenset({"lastSeen"})

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding | None:
        """One and the same sign of life is evaluated again: when it has grown old, and when a newer catalog
        places the machine or no longer does."""
        at, clock = register[2:4]
        interval = evidence.entry.get("heartbeat.interval")
        if clock == "import":
            return None  # What somebody imported says nothing about the machine's being alive.
        quiet = evidence.now - at > self._limit(evidence)
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=order_of(evidence, register, interval, elapsed=quiet),
            firing=quiet and evidence.placed,
            at=at,
            detail={"lastSeen": at},
        )

    def next_look(self, _: str, register: Register, evidence: Registers) -> int | None:
        """When the last sign of life has grown old, where somebody waits for the machine."""
        grown_old = int(register[2] + self._limit(evidence)) + 1
        waited_for = evidence.placed and register[3] != "import"
        return grown_old if waited_for and grown_old > evidence.now else None

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine} is not heard from"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine} is heard from again"

    def _limit(self, evidence: Registers) -> float:
        """Milliseconds without a sign of life that are none too many."""
        minutes = evidence.policy.of(self.name, SilentThresholds).after_minutes
        if minutes is not None:
            return minutes * MINUTE
        interval = evidence.entry.get("heartbeat.interval")
        return max(evidence.silent_after, HEARTBEATS * 1000 * interval[3] if interval else 0)
