"""``cold-chain``: a cold zone is above the health cut-off for longer than the food codes allow.

The machine's own control is the legal one: where it locked the zone, :mod:`.locked_out` has told it already.
This one stands behind it. Limits: 5 °C, and what some states of the USA say instead.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from vending.alerts.policy import LockingThresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.lasting_rule import MINUTE
from vending.alerts.rules.locked_out import locked, telling
from vending.alerts.rules.register_rule import RegisterRule, order_of
from vending.alerts.transitions import Finding
from vending.documents.conditions import Entry, Register
from vending.events.climate import COLD_BANDS, COLD_LIMIT, MILD_LIMIT, STRICT_LIMIT

Jurisdiction = Literal["default", "NV", "MN", "NY"]
LIMITS: Mapping[Jurisdiction, float] = {
    "default": COLD_LIMIT, "NV": STRICT_LIMIT, "MN": MILD_LIMIT, "NY": MILD_LIMIT,
}  # fmt: skip
"""Degrees Celsius. Each is the limit of a band, so that the newest reading within it is known."""


class ColdChainThresholds(LockingThresholds, frozen=True):
    """Of a cold zone."""

    profile: Jurisdiction = "default"
    """Whose limit holds."""
    warm_minutes: Annotated[float, Meta(ge=0, le=24 * 60)] = 15
    """For which it may be above the limit."""
    grace_minutes: Annotated[float, Meta(ge=0, le=24 * 60)] = 30
    """And for which after a defrost, and after the door was opened or shut, to recover from it."""
    band_celsius: Annotated[float, Meta(ge=0, le=4)] = 0.5
    """By how much it must be below the limit for the alert to close."""


class ColdChain(RegisterRule):
    """By readings alone, whose times tell for how long: a machine without new ones is silent, not warm."""

    name = "cold-chain"
    family = "temp"
    closes = "evidence"
    severity = "critical"
    thresholds = ColdChainThresholds
    title = "Zone {} is too warm"
    component = "zone"
    opens = (
        "above 5 °C (41 °F; Nevada 40, Minnesota and New York 45 °F) for over 15 minutes, and for over "
        "30 after a defrost, or after the door was opened or shut; not where `locked-out` tells of it"
    )
    closes_when = "0.5 °C below the limit"
    times = frozenset({"goodUntil"})

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding:
        """By the newest reading of the zone and the newest within the limit. A zone that never had one is no
        cold zone (a boiler)."""
        said = evidence.policy.of(self.name, ColdChainThresholds)
        limit = LIMITS[said.profile]
        cold = cold_readings(evidence.entry, component)
        good = max((x for x in cold if x is not None and x[3] <= limit), default=None)
        disturbed = [evidence.entry.get("door"), evidence.entry.get(f"defrost:{component}")]
        at, celsius = register[2:4]
        firing: bool | None = None
        if good is None or celsius <= limit - said.band_celsius:
            firing = False
        elif celsius > limit and at > _allowed_until(good, disturbed, said):
            firing = None if locked(evidence.entry, component) else True
        since = good[2] if good is not None else at
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=order_of(evidence, register, *cold, *telling(evidence.entry, component)),
            firing=firing,
            at=at,
            detail={"celsius": celsius, "limit": limit, "goodUntil": since},
        )

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: zone {facts.component} is too warm"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: zone {facts.component} is cold again"


def cold_readings(entry: Entry, zone: str) -> list[Register | None]:
    """The newest reading of each cold band of a zone."""
    return [entry.get(f"{band}:{zone}") for band in COLD_BANDS]


def _allowed_until(good: Register, disturbed: list[Register | None], said: ColdChainThresholds) -> float:
    """Until when the zone may be warm."""
    recovering = [x[2] + said.grace_minutes * MINUTE for x in disturbed if x is not None]
    allowed: float = max([good[2] + said.warm_minutes * MINUTE, *recovering])
    return allowed
