"""An alert's life: evaluated in order, one at a time, each transition with its notification."""

from itertools import pairwise, permutations
from typing import Any

import pytest

from vending.alerts.alerts import (
    GIVE_UP,
    PATIENCE,
    Finding,
    due,
    expired,
    outcome,
    requeued,
    settled,
    standing,
    transition,
)

OPENED = "m1/sold-out/21/1/opened"


def finding(order: int, firing: bool, at: int = 0) -> Finding:
    return Finding("m1", "sold-out", "21", (order,), firing, at or order * 10, {"onHand": 0 if firing else 3})


def opened() -> dict[str, Any]:
    return transition(None, finding(5, firing=True), 99)[0]


def test_nothing_wrong_needs_no_document() -> None:
    assert transition(None, finding(5, firing=False), 99) == []


def test_the_first_bad_finding_opens_the_first_episode() -> None:
    alert = opened()
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
    alert, episode = transition(opened(), finding(7, firing=False), 100)
    assert (alert["state"], alert["episode"], alert["since"], alert["judged"]) == ("closed", 1, 70, [7])
    assert [x["change"] for x in alert["outbox"]] == ["opened", "closed"]
    assert episode["id"] == "episode:sold-out:21:1"
    assert (episode["opened"], episode["closed"]) == (50, 70)
    again = transition(alert, finding(8, firing=True), 101)[0]
    assert (again["state"], again["episode"]) == ("open", 2)
    assert len({x["idempotencyKey"] for x in again["outbox"]}) == 3


@pytest.mark.parametrize("order", [4, 5])
def test_what_is_older_or_the_same_changes_nothing(order: int) -> None:
    assert transition(opened(), finding(order, firing=False), 100) == []


def test_what_says_the_same_changes_nothing() -> None:
    assert transition(opened(), finding(9, firing=True), 100) == []


def test_unknown_fields_survive() -> None:
    assert transition(opened() | {"note": "called"}, finding(7, firing=False), 100)[0]["note"] == "called"


def test_the_input_is_left_alone() -> None:
    alert = opened()
    before = repr(alert)
    transition(alert, finding(7, firing=False), 100)
    settled(alert, OPENED)
    requeued(alert, PATIENCE + 200)
    assert repr(alert) == before


def test_the_newest_evidence_has_the_last_word_in_any_order() -> None:
    evidence = [
        finding(1, firing=True),
        finding(2, firing=False),
        finding(3, firing=True),
        finding(4, firing=False),
    ]
    for order in permutations(evidence):
        alert = None
        for one in (*order, evidence[-1]):
            alert = next(iter(transition(alert, one, 0)), alert)
        assert alert is None or alert["state"] == "closed"


def test_a_notification_leaves_the_outbox_once() -> None:
    alert = settled(opened(), OPENED)
    assert alert is not None
    assert (alert["outbox"], alert["pending"]) == ([], False)
    assert settled(alert, OPENED) is None


def test_another_notification_stays_in_the_outbox() -> None:
    alert = settled(transition(opened(), finding(7, firing=False), 100)[0], OPENED)
    assert alert is not None
    assert [x["change"] for x in alert["outbox"]] == ["closed"]
    assert alert["pending"]


def test_a_refusal_is_kept_with_the_alert_and_the_newest_ten_of_them() -> None:
    alert: dict[str, Any] = opened()
    for number in range(12):
        alert["outbox"] = [{"idempotencyKey": str(number)}]
        alert = settled(alert, str(number), {"reason": "status 404", "at": number}) or {}
    assert [x["idempotencyKey"] for x in alert["undelivered"]] == [str(number) for number in range(2, 12)]


def test_what_became_of_the_latest_notification() -> None:
    alert = opened()
    assert outcome(alert) == "waiting"
    assert outcome(settled(alert, OPENED) or {}) == "taken"
    refused = settled(alert, OPENED, {"reason": "status 404", "at": 1}) or {}
    assert outcome(refused) == "refused"
    closed = transition(refused, finding(7, firing=False), 100)[0]
    assert outcome(closed) == "waiting"
    assert outcome(settled(closed, "m1/sold-out/21/1/closed") or {}) == "taken"


def test_what_is_due_is_what_was_queued_before() -> None:
    alert = transition(opened(), finding(7, firing=False), 200)[0]
    now = PATIENCE + 200
    assert [x["change"] for x in due(alert, now)] == ["opened"]
    assert due(requeued(alert, now), now) == []
    assert [x["queued"] for x in requeued(alert, now)["outbox"]] == [now, 200]


def test_each_time_a_notification_is_queued_again_it_waits_longer_and_an_hour_at_most() -> None:
    """A queue that drains slower than it is filled again would multiply what it holds."""
    alert, minute, times = opened(), 60_000, []
    for now in range(0, 24 * 60 * minute, minute):
        if due(alert, now):
            alert = requeued(alert, now)
            times.append(now // minute)
    assert [later - sooner for sooner, later in pairwise([0, *times])][:5] == [6, 11, 21, 41, 61]
    assert len(times) == 26


def test_an_outbox_of_the_version_before_is_read() -> None:
    """Its entries know neither how often they were queued nor since when they are owed."""
    alert = opened()
    alert["outbox"] = [
        {name: value for name, value in entry.items() if name not in ("owed", "times")}
        for entry in alert["outbox"]
    ]
    assert [x["idempotencyKey"] for x in due(alert, PATIENCE + 100)] == [OPENED]
    again = requeued(alert, PATIENCE + 100)["outbox"][0]
    assert (again["times"], again["owed"], again["queued"]) == (2, 99, PATIENCE + 100)
    assert not expired(alert["outbox"][0], GIVE_UP + 99)
    assert expired(alert["outbox"][0], GIVE_UP + 100)


def test_a_notification_that_was_never_queued_is_not_given_up_at_once() -> None:
    """Whoever writes an alert without a queue leaves it to the sweep: due at once, owed from then on."""
    alert = transition(None, finding(5, firing=True), 0)[0]
    assert not expired(alert["outbox"][0], 10 * GIVE_UP)
    assert requeued(alert, 10 * GIVE_UP)["outbox"][0]["owed"] == 10 * GIVE_UP


def test_what_an_alert_says_of_a_message() -> None:
    """An alert as it was read may be older than the write that owed the message."""
    alert = opened()
    message = alert["outbox"][0]
    assert standing(None, message) == "unseen"
    assert standing(alert, message) == "owed"
    closed = transition(settled(alert, OPENED) or {}, finding(7, firing=False), 100)[0]
    assert standing(closed, message) == "settled"
    assert standing(settled(alert, OPENED), closed["outbox"][0]) == "unseen"
    again = transition(closed, finding(8, firing=True), 101)[0]
    assert standing(closed, again["outbox"][-1]) == "unseen"
    assert standing(again, message) == "settled"
