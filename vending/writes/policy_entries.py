"""An alert policy as an operator writes it, judged by the rules themselves.

``{"id": "site:harbour", "thresholds": {"silent": {"afterMinutes": 120}}, "rules": {"sold-out": "off"},
"severity": {"fault": "critical"}, "maintenance": [{"from": "2026-11-24T22:00+01:00", "to": …}]}``.
An entry is the whole policy: what it leaves out is no longer said there.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from vending.alerts import rules
from vending.alerts.policy import SEVERITIES
from vending.alerts.rules.base import Rule
from vending.documents.catalog import StoredWindow
from vending.errors import Rejected
from vending.events import envelope
from vending.events.fields import END
from vending.time import millis
from vending.writes.entry import Entry, Name

WINDOWS = 50
"""Of one policy."""
LONGEST = timedelta(days=366)
"""Of a window: what is off for ever is switched off."""
CHOICES: dict[str, tuple[str, ...]] = {"rules": ("on", "off"), "severity": SEVERITIES}
PolicyId = Annotated[str, Meta(pattern=rf"^(fleet|(site|machine):{envelope.Identifier}){END}")]
Rules = Annotated[str, Meta(max_length=64)]


class WindowEntry(Entry, frozen=True):
    """Maintenance. Both times state their offset from UTC."""

    since: Annotated[datetime, Meta(tz=True)] = field(name="from")
    until: Annotated[datetime, Meta(tz=True)] = field(name="to")
    reason: Name = "maintenance"


class PolicyEntry(Entry, frozen=True):
    """A policy, for the fleet, a site or a machine."""

    id: PolicyId
    thresholds: dict[Rules, dict[str, Any]] = field(default_factory=dict)
    rules: dict[Rules, str] = field(default_factory=dict)
    severity: dict[Rules, str] = field(default_factory=dict)
    maintenance: Annotated[list[WindowEntry], Meta(max_length=WINDOWS)] = field(default_factory=list)


def check_policy(entry: PolicyEntry, place: str) -> None:
    """Raises Rejected, with the path, for what no rule knows or takes. ``place``: the entry's own path."""
    for path, fault in _faults(entry):
        raise Rejected("wrong-catalog", f"{fault} - at `{place}.{path}`")


def windows(entry: PolicyEntry) -> list[StoredWindow]:
    """The windows of maintenance, in their order, as the document holds them."""
    found = [StoredWindow(_utc(one.since), _utc(one.until), one.reason) for one in entry.maintenance]
    return sorted(found, key=lambda one: (one.since, one.until))


def _utc(moment: datetime) -> int:
    return millis(moment.astimezone(UTC))


def subject(policy: str) -> tuple[str, str] | None:
    """The kind and id of what a policy is about, by the policy's id; None for the fleet's."""
    kind, _, name = policy.partition(":")
    return (kind, name) if name else None


def _faults(entry: PolicyEntry) -> Iterator[tuple[str, str]]:
    """Path within the entry, and what is wrong there."""
    known = {rule.name: rule for rule in rules.every() if rule.evidence.subject is None}
    for part in ("thresholds", "rules", "severity"):
        for name in getattr(entry, part):
            if name not in known:
                yield f"{part}.{name}", _unknown("rule", name, known)
    for part, choice in CHOICES.items():
        for name, chosen in getattr(entry, part).items():
            if chosen not in choice:
                yield f"{part}.{name}", f"{chosen!r} is none of {', '.join(choice)}"
    for name, values in entry.thresholds.items():
        yield from _wrong_thresholds(known[name], values)
    for number, window in enumerate(entry.maintenance):
        if not timedelta() < window.until - window.since <= LONGEST:
            what = f"the window ends at {window.until.isoformat()}: after its begin, and within a year of it"
            yield f"maintenance[{number}]", what


def _wrong_thresholds(rule: Rule[Any], values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    names = {one.encode_name for one in msgspec.structs.fields(rule.thresholds)}
    for name, value in values.items():
        path = f"thresholds.{rule.name}.{name}"
        if name not in names:
            yield path, _unknown("threshold", name, names)
            continue
        if fault := _refused({name: value}, rule):
            yield path, fault
    if fault := _refused(values, rule):  # one by one they may be right, and not together
        yield f"thresholds.{rule.name}", fault


def _refused(values: dict[str, Any], rule: Rule[Any]) -> str | None:
    try:
        msgspec.convert(values, rule.thresholds)
    except msgspec.ValidationError as fault:
        return str(fault).partition(" - at `")[0]
    return None


def _unknown(what: str, name: str, known: Any) -> str:
    if not known:
        return f"{name!r} is no {what}: there is none to set"
    near = get_close_matches(name, known, 1)
    cure = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known))}"
    return f"{name!r} is no {what}: {cure}"
