"""An alert's life: evaluated in order, one at a time, each transition with its notification."""

from dataclasses import replace
from itertools import permutations

import pytest
from msgspec import structs

from tests.support.alerts import changed
from vending.alerts.channels import WEBHOOK, Handled, settled
from vending.alerts.outbox import RETRY_INTERVAL, requeued
from vending.alerts.transitions import Finding, transition, withdrawn
from vending.documents.alerts import Alert
from vending.documents.base import load

OPENED = "m1/sold-out/21/1/opened"


def finding(order: int, firing: bool, at: int = 0) -> Finding:
    return Finding("m1", "sold-out", "21", (order,), firing, at or order * 10, {"onHand": 0 if firing else 3})


def opened() -> Alert:
    return changed(None, finding(5, firing=True), 99).alert


def test_nothing_wrong_needs_no_document() -> None:
    assert transition(None, finding(5, firing=False), 99) is None


def test_the_first_bad_finding_opens_the_first_episode() -> None:
    alert = opened().dump()
    assert alert == {
        "id": "current:sold-out:21",
        "machineId": "m1",
        "type": "alert",
        "schema": 1,
        "rule": "sold-out",
        "component": "21",
        "state": "open",
        "episode": 1,
        "since": 50,
        "judged": [5],
        "detail": {"onHand": 0},
        "pending": True,
        "outbox": alert["outbox"],
    }
    assert [(x["idempotencyKey"], x["change"], x["queued"]) for x in alert["outbox"]] == [
        (OPENED, "opened", 99)
    ]


def test_the_end_of_an_episode_is_kept() -> None:
    alert, episode = changed(opened(), finding(7, firing=False), 100)
    assert (alert.state, alert.episode, alert.since, alert.evaluated_on) == ("closed", 1, 70, [7])
    assert [x.change for x in alert.outbox] == ["opened", "closed"]
    assert episode is not None
    assert (episode.id, episode.opened, episode.closed) == ("episode:sold-out:21:1", 50, 70)
    assert episode.detail == {"onHand": 0}
    again, ended = changed(alert, finding(8, firing=True), 101)
    assert (again.state, again.episode, ended) == ("open", 2, None)
    assert len({x.idempotency_key for x in again.outbox}) == 3


@pytest.mark.parametrize("order", [4, 5])
def test_what_is_older_or_the_same_changes_nothing(order: int) -> None:
    assert transition(opened(), finding(order, firing=False), 100) is None


def test_what_says_the_same_changes_nothing() -> None:
    assert transition(opened(), finding(9, firing=True), 100) is None


def test_unknown_fields_survive() -> None:
    alert = load(opened().dump() | {"note": "called"}, Alert)
    assert changed(alert, finding(7, firing=False), 100).alert.dump()["note"] == "called"


def test_the_input_is_left_alone() -> None:
    alert = opened()
    before = repr(alert)
    changed(alert, finding(7, firing=False), 100)
    withdrawn(alert, 100)
    settled(alert, OPENED, Handled([WEBHOOK], {WEBHOOK: None}))
    requeued(alert, RETRY_INTERVAL + 200)
    assert repr(alert) == before


def test_the_newest_evidence_has_the_last_word_in_any_order() -> None:
    evidence = [
        finding(1, firing=True),
        finding(2, firing=False),
        finding(3, firing=True),
        finding(4, firing=False),
    ]
    for order in permutations(evidence):
        alert: Alert | None = None
        for one in (*order, evidence[-1]):
            found = transition(alert, one, 0)
            alert = found.alert if found else alert
        assert alert is None or alert.state == "closed"


def test_an_alert_without_its_evidence_is_closed_and_told_by_the_sweep() -> None:
    alert, episode = withdrawn(opened(), 100)
    assert (alert.state, alert.since, alert.evaluated_on) == ("closed", 100, [])
    assert (alert.detail, episode and episode.closed) == ({"withdrawn": True}, 100)
    assert [(x.change, x.pending_since, x.queued_at) for x in alert.outbox] == [
        ("opened", 99, 99),
        ("closed", 100, 0),
    ]
    assert changed(alert, finding(1, firing=True), 101).alert.episode == 2


def test_a_closed_alert_without_its_evidence_tells_nobody() -> None:
    closed = changed(opened(), finding(7, firing=False), 100).alert
    assert withdrawn(closed, 200) == (structs.replace(closed, evaluated_on=[]), None)


def test_between_two_thresholds_an_alert_stays_as_it_is() -> None:
    between = replace(finding(10**9, True), firing=None)
    assert transition(None, between, 2) is None
    assert transition(opened(), between, 2) is None
