"""Which machines the catalog names, where they stand, and what is said of their alerts. Pure."""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

from vending.catalog import policies
from vending.catalog.policies import Terms
from vending.events.envelope import Identifier

Placements = tuple[tuple[str, str], ...]
"""``(since, site)`` in order; ``since`` is a day, or ``""`` for always."""


@dataclass(frozen=True)
class Cataloged:
    """The catalog's machines and policies as of a version."""

    version: int
    machines: Set[str]
    placements: Mapping[str, Placements] = field(default_factory=dict)
    policies: Mapping[str, Terms] = field(default_factory=dict)
    """By id: ``fleet``, ``site:{id}``, ``machine:{id}``."""
    versions: Mapping[str, int] = field(default_factory=dict)
    """Policy → the import that changed it last."""
    changed: Mapping[str, int] = field(default_factory=dict)
    """Machine → the import that changed its entry last, a move for one."""

    def places(self, machine: str) -> bool:
        """Whether the machine is placed. Without any machine in the catalog, every one is."""
        return not self.machines or machine in self.machines

    def knows(self, machine: str) -> bool:
        """Whether a caller's text is a placed machine: without any in the catalog, whatever can name one."""
        return re.fullmatch(Identifier, machine) is not None and self.places(machine)

    def site(self, machine: str, now: datetime) -> str | None:
        """Where the machine stands. For policies a move is done at midnight UTC of its day."""
        rows = self.placements.get(machine, ())
        if len(rows) == 1 and not rows[0][0]:
            return rows[0][1]
        day = now.date().isoformat()
        return next((site for since, site in reversed(rows) if since <= day), None)

    def layers(self, machine: str, now: datetime) -> list[str]:
        """The policies that there are for the machine, the most general first."""
        return [one for one in policies.layers(machine, self.site(machine, now)) if one in self.policies]


EVERYWHERE = Cataloged(0, frozenset())
"""Without a catalog."""
