"""The alert policy of a machine: what is in force, and which policy says so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from vendctl.picklist import table
from vending import wiring
from vending.alerts import rules
from vending.alerts.in_force import InForce
from vending.alerts.policy import Policy
from vending.business_day import instant
from vending.catalog.cataloged import Cataloged
from vending.catalog.policies import Window
from vending.time import millis

DEFAULT = "default"


@dataclass(frozen=True)
class Setting:
    """A threshold of a rule, or its switch or severity, and the policy that says it."""

    rule: str
    name: str
    value: Any
    said_by: str


@dataclass(frozen=True)
class Shown:
    """What is in force for a machine."""

    machine: str
    site: str | None
    settings: list[Setting]
    maintenance: list[Window]
    """Those that are not over."""


async def run(machine: str) -> Shown:
    """Of the deployment that is wired, as of now."""
    return shown(await wiring.catalog_machines().named(), machine, datetime.now(UTC))


def shown(catalog: Cataloged, machine: str, now: datetime) -> Shown:
    """The same of a catalog. Pure."""
    policy = InForce(catalog).of(machine, now)
    layers = catalog.layers(machine, now)
    windows = {window for layer in layers for window in catalog.policies[layer].windows}
    return Shown(
        machine,
        catalog.site(machine, now),
        _settings(catalog, layers, policy),
        sorted(window for window in windows if window.until > millis(now)),
    )


def _settings(catalog: Cataloged, layers: list[str], policy: Policy) -> list[Setting]:
    terms = {layer: catalog.policies[layer] for layer in layers}
    found = []
    for rule in rules.every():
        if rule.evidence.subject is not None:
            continue
        name, state = rule.name, "off" if policy.switched_off(rule.name) else "on"
        by = _last(layer for layer, said in terms.items() if name in said.rules)
        found.append(Setting(name, "rule", state, by))
        by = _last(layer for layer, said in terms.items() if name in said.severity)
        found.append(Setting(name, "severity", policy.severity(name) or rule.severity, by))
        for threshold, value in msgspec.to_builtins(policy.of(name, rule.thresholds)).items():
            by = _last(layer for layer, said in terms.items() if threshold in said.thresholds.get(name, {}))
            found.append(Setting(name, threshold, value, by))
    return found


def _last(layers: Iterable[str]) -> str:
    """The most special one that says something, or nobody."""
    return ([DEFAULT, *layers])[-1]


def explain(found: Shown) -> str:
    """For people."""
    where = f"at site {found.site}" if found.site else "at no site"
    rows = [(one.rule, one.name, _told(one.value), one.said_by) for one in found.settings]
    lines = [f"machine {found.machine}, {where}", *table(("rule", "setting", "value", "said by"), rows)]
    for since, until, reason in found.maintenance:
        lines.append(f"maintenance from {instant(since)} to {instant(until)}: {reason}")
    return "\n".join(lines)


def figures(found: Shown) -> dict[str, Any]:
    """As JSON."""
    return {
        "machine": found.machine,
        "site": found.site,
        "settings": [
            {"rule": one.rule, "name": one.name, "value": one.value, "saidBy": one.said_by}
            for one in found.settings
        ],
        "maintenance": [
            {"from": instant(since), "to": instant(until), "reason": reason}
            for since, until, reason in found.maintenance
        ],
    }


def _told(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
