"""What operators say of alert rules: for the fleet, for a site, for a machine. The more special wins.

A policy holds thresholds (rule → threshold → value), switches rules ``on`` or ``off``, gives a rule another
severity, and has maintenance windows. It wins threshold by threshold: what it leaves out is what the more
general one says. Windows are not replaced, they add up: a site's holds for all of its machines. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vending.documents.catalog import CatalogPolicy

FLEET = "fleet"
"""The id of the fleet's policy."""
SITE, MACHINE = "site:", "machine:"
"""What the ids of the others begin with."""
OFF = "off"


class Window(NamedTuple):
    """Maintenance: ``[since, until)`` in milliseconds since 1970 UTC."""

    since: int
    until: int
    reason: str = ""


@dataclass(frozen=True)
class Terms:
    """What one policy says, or several of them together."""

    thresholds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Rule → threshold, as in JSON → value."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Rule → ``on`` or ``off``."""
    severity: Mapping[str, str] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    """In order of time, each once."""


NOTHING = Terms()


def terms(document: CatalogPolicy) -> Terms:
    """What a stored policy says."""
    windows = {Window(one.since, one.until, one.reason) for one in document.maintenance}
    return Terms(document.thresholds, document.rules, document.severity, tuple(sorted(windows)))


def merged(general: Terms, special: Terms) -> Terms:
    """Both, of which ``special`` wins. Associative; :data:`NOTHING` changes nothing."""
    rules = general.thresholds.keys() | special.thresholds.keys()
    return Terms(
        {
            rule: {**general.thresholds.get(rule, {}), **special.thresholds.get(rule, {})}
            for rule in sorted(rules)
        },
        {**general.rules, **special.rules},
        {**general.severity, **special.severity},
        tuple(sorted({*general.windows, *special.windows})),
    )


def layers(machine: str, site: str | None) -> list[str]:
    """The ids of the policies that hold for a machine at a site, the most general first."""
    return [FLEET, *([SITE + site] if site else []), MACHINE + machine]


def in_force(policies: Mapping[str, Terms], ids: Iterable[str]) -> Terms:
    """What those of the policies that there are say together."""
    together = NOTHING
    for name in ids:
        if name in policies:
            together = merged(together, policies[name])
    return together
