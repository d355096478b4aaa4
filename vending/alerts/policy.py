"""What rules compare with: thresholds with defaults, which operators change for fleet, site or machine.

Each rule declares its own thresholds beside what it does with them. A policy is what is said of them for one
machine: rule → threshold → value, as JSON. What it does not say is the default. Pure.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

Said = Mapping[str, Mapping[str, Any]]
"""Rule → threshold (as in JSON) → value."""


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Of one rule: every field has a default and says its unit in its name. A value out of bounds
    (``msgspec.Meta``) and a threshold that the rule does not have are refused where a policy is written."""


class Policy:
    """The thresholds that are in force for a machine."""

    __slots__ = ("_known", "_said")

    def __init__(self, said: Said | None = None) -> None:
        self._said = said or {}
        self._known: dict[str, Thresholds] = {}

    def of[T: Thresholds](self, rule: str, thresholds: type[T]) -> T:
        """A rule's thresholds. Raises msgspec.ValidationError where the policy says what cannot be."""
        held = self._known.get(rule)
        if not isinstance(held, thresholds):
            held = self._known[rule] = msgspec.convert(self._said.get(rule, {}), thresholds)
        return held


DEFAULTS = Policy()
"""Of machines of which nobody said anything."""
