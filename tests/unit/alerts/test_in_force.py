"""Policies as rules meet them: switched off, in maintenance, newer and older ones."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.alerts import changed
from vending.alerts import in_force
from vending.alerts.in_force import InForce
from vending.alerts.policy import DEFAULTS, Policy
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.silent import SilentThresholds
from vending.alerts.transitions import Finding, transition, withdrawn
from vending.catalog.cataloged import EVERYWHERE, Cataloged
from vending.catalog.policies import Terms, Window
from vending.notifications import texts
from vending.time import millis

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = millis(NOON)
MINUTE = 60_000


def silent_for(minutes: int, policy: Policy, now: int = NOW) -> list[bool | None]:
    """Whether a machine is silent of which nothing was heard for so long; the app's setting is an hour."""
    entry = {"seen": [1, 5, now - minutes * MINUTE - 1, "ntp"]}
    found = in_force.findings(Registers("m1", entry, now, 60 * MINUTE, policy=policy))
    return [finding.firing for finding in found if finding.rule == "silent"]


def test_the_apps_setting_is_the_fleets_default() -> None:
    assert [silent_for(minutes, DEFAULTS) for minutes in (59, 60)] == [[False], [True]]
    longer = Policy(terms=Terms({"silent": {"afterMinutes": 90}}), version=1)
    assert [silent_for(minutes, longer) for minutes in (60, 89, 90)] == [[False], [False], [True]]


def test_a_rule_that_is_switched_off_finds_nothing_wrong() -> None:
    """So that its open alert closes."""
    off = Policy(terms=Terms(rules={"silent": "off"}), version=1)
    assert silent_for(999, off) == [False]
    assert silent_for(999, Policy(terms=Terms(rules={"silent": "on"}), version=1)) == [True]


WINDOWS = (Window(0, 10), Window(20, 30), Window(25, 28), Window(30, 40), Window(50, 60))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (-1, None), (0, 10), (9, 10), (10, None), (19, None),
        (20, 40), (26, 40), (29, 40), (30, 40), (39, 40), (40, None), (50, 60), (60, None),
    ],
)  # fmt: skip
def test_a_window_ends_where_no_other_goes_on(now: int, until: int | None) -> None:
    """It begins with its first millisecond, and its end is not in it."""
    assert Policy(terms=Terms(windows=WINDOWS)).maintained_until(now) == until


@pytest.mark.parametrize(("now", "found"), [(99, [True]), (100, []), (199, []), (200, [True])])
def test_in_maintenance_nothing_is_found(now: int, found: list[bool]) -> None:
    policy = Policy(terms=Terms(windows=(Window(100, 200),)), version=1)
    assert silent_for(999, policy, now) == found


def test_machines_of_one_site_share_a_policy() -> None:
    terms = {"site:north": Terms({"silent": {"afterMinutes": 5}}), "machine:m3": Terms()}
    stands = dict.fromkeys(("m1", "m2", "m3"), (("", "north"),))
    policies = InForce(Cataloged(7, stands.keys(), stands, terms))
    assert policies.of("m1", NOON) is policies.of("m2", NOON)
    assert policies.of("m3", NOON) is not policies.of("m2", NOON)
    assert policies.of("m9", NOON).version == 7
    assert InForce(EVERYWHERE).of("m1", NOON) is DEFAULTS


@pytest.mark.parametrize("said", [{"afterMinutes": "soon"}, {"afterMinutes": 0}, {"afterParsecs": 12}])
def test_what_a_newer_version_wrote_keeps_nobody_from_the_rest(said: dict[str, Any]) -> None:
    """Old and new code run side by side during a deploy; a fleet's policy would stop everything."""
    terms = Terms({"silent": said | {}, "cold-chain": {"graceMinutes": 5}, "not-yet": {"x": 1}})
    policy = InForce(Cataloged(1, {"m1"}, policies={"fleet": terms})).of("m1", NOON)
    assert policy.of("silent", SilentThresholds) == SilentThresholds()
    assert in_force.sound(terms).thresholds["cold-chain"] == {"graceMinutes": 5}


def finding(order: int, catalog: int, *, firing: bool) -> Finding:
    return Finding("m1", "sold-out", "21", (order,), firing, order, {}, catalog)


@pytest.mark.parametrize(
    ("order", "catalog", "changes"),
    [
        (6, 7, False),  # the same evidence
        (6, 8, True),  # the same stock by a newer policy
        (7, 7, True),
        (7, 8, True),
        (5, 8, False),  # an older stock by a newer policy
        (7, 6, False),  # a newer stock by an older policy: it must not undo what the newer one found
        (6, 6, False),
        (5, 7, False),
    ],
)
def test_older_stock_and_older_policy_never_win(order: int, catalog: int, *, changes: bool) -> None:
    opened = changed(None, finding(6, 7, firing=True), NOW).alert
    assert (transition(opened, finding(order, catalog, firing=False), NOW) is not None) == changes
    closed = changed(changed(None, finding(1, 1, firing=True), NOW).alert, finding(6, 7, firing=False), NOW)
    assert (transition(closed.alert, finding(order, catalog, firing=True), NOW) is not None) == changes


def test_what_an_operator_took_away_may_come_again_by_the_same_policy() -> None:
    opened = changed(None, finding(6, 7, firing=True), NOW).alert
    anew = withdrawn(opened, NOW).alert
    assert (anew.state, anew.catalog) == ("closed", 7)
    assert transition(anew, finding(2, 7, firing=True), NOW)
    assert transition(anew, finding(9, 6, firing=True), NOW) is None


def test_a_policys_severity_is_told_and_kept_until_it_closes() -> None:
    policy = Policy(terms=Terms(severity={"sold-out": "critical", "fault": "extreme"}), version=3)
    (fires,) = in_force.stamped([finding(1, 0, firing=True)], policy)
    opened = changed(None, fires, NOW).alert
    closed = changed(opened, finding(2, 3, firing=False), NOW).alert
    told = [texts.payload(entry) for entry in closed.outbox]
    assert [(one["change"], one["severity"]) for one in told] == [
        ("opened", "critical"),
        ("closed", "critical"),
    ]
    assert texts.digest(closed.outbox, "")["bySeverity"] == {"critical": 2}
    assert policy.severity("fault") is None, "of a newer version"
    again = changed(closed, finding(3, 3, firing=True), NOW).alert
    assert texts.payload(again.outbox[-1])["severity"] == "info"
