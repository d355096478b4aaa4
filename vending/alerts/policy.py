"""What rules compare with: thresholds with defaults, which operators change for fleet, site or machine.

Each rule declares its own thresholds beside what it does with them. A policy is what is said of them for one
machine: rule → threshold → value, as JSON. What it does not say is the default. It may also switch rules off,
and say when the machine is in maintenance (:mod:`vending.catalog.policies`). Pure.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from vending.catalog.policies import NOTHING, OFF, Terms
from vending.documents.alerts import Severity

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
Said = Mapping[str, Mapping[str, Any]]
"""Rule → threshold (as in JSON) → value."""


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Of one rule: every field has a default and says its unit in its name. A value out of bounds
    (``msgspec.Meta``) and a threshold that the rule does not have are refused where a policy is written."""


class LockingThresholds(Thresholds, frozen=True):
    """Of a rule about food that may be spoiled."""

    lock_selections: Literal["off", "on"] = "off"
    """Whether an alert orders the device to lock all selections, behind the machine's own health control."""


class Policy:
    """What is in force for a machine, as of a version of the catalog."""

    __slots__ = ("_known", "_said", "_terms", "version")

    def __init__(self, said: Said | None = None, terms: Terms = NOTHING, version: int = 0) -> None:
        self._said = said if said is not None else terms.thresholds
        self._terms = terms
        self._known: dict[str, Thresholds] = {}
        self.version = version
        """Of the catalog; 0 where it never held a policy."""

    def of[T: Thresholds](self, rule: str, thresholds: type[T]) -> T:
        """A rule's thresholds. Raises msgspec.ValidationError where the policy says what cannot be."""
        held = self._known.get(rule)
        if not isinstance(held, thresholds):
            held = self._known[rule] = msgspec.convert(self._said.get(rule, {}), thresholds)
        return held

    def switched_off(self, rule: str) -> bool:
        """Whether the rule finds nothing wrong here, whatever it finds."""
        return self._terms.rules.get(rule) == OFF

    def severity(self, rule: str) -> Severity | None:
        """Of its alerts, where it is not the rule's own."""
        said = self._terms.severity.get(rule)
        return next((one for one in SEVERITIES if one == said), None)

    def maintained_until(self, now: int) -> int | None:
        """When the maintenance ends that is under way (milliseconds), or None where none is. Windows that
        touch or overlap are one."""
        end = None
        for since, until, _ in self._terms.windows:
            if since <= (now if end is None else end) < until:
                end = until
        return end


DEFAULTS = Policy()
"""Of machines of which nobody said anything."""
