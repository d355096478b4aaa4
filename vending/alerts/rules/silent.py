"""``silent``: nothing was heard of a machine for too long."""

from typing import Annotated

from msgspec import Meta

from vending.alerts.alerts import Finding
from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule
from vending.documents.conditions import Register


class SilentThresholds(Thresholds, frozen=True):
    """Of a machine's signs of life."""

    after_minutes: Annotated[float, Meta(gt=0, le=525_600)] | None = None
    """For how long nothing may be heard; None for the app setting ``SILENT_AFTER_MINUTES``."""


class Silent(RegisterRule):
    """Nobody waits for a machine that stands nowhere: one that the catalog does not place never fires."""

    name = "silent"
    family = "seen"
    closes = "evidence"
    severity = "warning"
    thresholds = SilentThresholds
    title = "The machine is silent"
    times = frozenset({"lastSeen"})

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding | None:
        """The last place of the order is for one and the same sign of life to be evaluated again: when it has
        grown old, and when a newer catalog places the machine or no longer does."""
        epoch, sequence, at, clock = register[:4]
        if clock == "import":
            return None  # What somebody imported says nothing about the machine's being alive.
        quiet = evidence.now - at > _silent_after(evidence)
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=(epoch, sequence, 2 * evidence.catalog_version + quiet),
            firing=quiet and evidence.placed,
            at=at,
            detail={"lastSeen": at},
        )

    def next_look(self, _: str, register: Register, evidence: Registers) -> int | None:
        """When the last sign of life has grown old, where somebody waits for the machine."""
        grown_old: int = register[2] + _silent_after(evidence) + 1
        return grown_old if evidence.placed and grown_old > evidence.now else None

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine} is not heard from"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine} is heard from again"


def _silent_after(evidence: Registers) -> int:
    """Milliseconds."""
    minutes = evidence.policy.of(Silent.name, SilentThresholds).after_minutes
    return evidence.silent_after if minutes is None else round(minutes * 60_000)
