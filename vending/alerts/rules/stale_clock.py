"""``stale-clock``: a device has run for long and still does not know the time."""

from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.lasting_rule import MINUTE
from vending.alerts.rules.register_rule import RegisterRule, order_of
from vending.alerts.transitions import Finding
from vending.documents.conditions import Register


class StaleClockThresholds(Thresholds, frozen=True):
    """Of a device's clock."""

    unset_minutes: Annotated[float, Meta(ge=0, le=30 * 24 * 60)] = 60
    """For which it may run without the time: after a start it must find the network first."""


class StaleClock(RegisterRule):
    """Its newest event says ``clocksync`` ``none``, long after the start that boot or heartbeat told of.

    By the times of events alone. A device that tells of no start may have started just now.
    """

    name = "stale-clock"
    family = "seen"
    closes = "evidence"
    severity = "info"
    thresholds = StaleClockThresholds
    title = "The device does not know the time"
    component = "`machine`"
    opens = (
        "the newest event has no clock (`clocksync` `none`), over an hour after the start that boot or "
        "heartbeat tell of"
    )
    closes_when = "an event with a clock"

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding | None:
        """From the first event with a clock on it is over."""
        at, clock = register[2:4]
        if clock == "import":
            return None  # It says nothing about the device's clock.
        boot, beat = evidence.entry.get("boot"), evidence.entry.get("heartbeat")
        starts = [x for x in (boot[2] if boot else None, beat[2] - 1000 * beat[3] if beat else None) if x]
        allowed = evidence.policy.of(self.name, StaleClockThresholds).unset_minutes * MINUTE
        firing: bool | None = False
        if clock == "none":
            firing = True if starts and at - max(starts) > allowed else None
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=order_of(evidence, register, boot, beat),
            firing=firing,
            at=at,
            detail={},
        )

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: the device does not know the time; when its events happened is estimated"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: the device knows the time again"
