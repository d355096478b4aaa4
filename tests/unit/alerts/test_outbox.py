"""What stays in an alert's outbox, until when, and how often it is queued."""

from itertools import pairwise

from msgspec import structs

from tests.support.alerts import changed
from tests.unit.alerts.test_transitions import OPENED, finding, opened
from vending.alerts.channels import WEBHOOK, Handled, settled
from vending.alerts.outbox import (
    RETRY_INTERVAL,
    RETRY_PERIOD,
    delivery,
    due,
    expired,
    outcome,
    requeued,
)
from vending.documents.alerts import Alert, Refusal


def completed_alert(alert: Alert, key: str = OPENED, refusal: Refusal | None = None) -> Alert:
    after = settled(alert, key, Handled([WEBHOOK], {WEBHOOK: refusal}))
    assert after is not None
    return after


def refusal(key: str, at: int = 1) -> Refusal:
    return Refusal(idempotency_key=key, reason="status 404", at=at)


def test_a_notification_leaves_the_outbox_once() -> None:
    alert = completed_alert(opened())
    assert (alert.outbox, alert.pending) == ([], False)
    assert settled(alert, OPENED, Handled([WEBHOOK], {WEBHOOK: None})) is None


def test_another_notification_stays_in_the_outbox() -> None:
    alert = completed_alert(changed(opened(), finding(7, firing=False), 100).alert)
    assert [x.change for x in alert.outbox] == ["closed"]
    assert alert.pending


def test_a_refusal_is_kept_with_the_alert_and_the_newest_ten_of_them() -> None:
    alert = opened()
    (entry,) = alert.outbox
    for number in range(12):
        alert = alert.with_outbox([structs.replace(entry, idempotency_key=str(number))])
        alert = completed_alert(alert, str(number), refusal(str(number), number))
    assert alert.undelivered is not None
    assert [x.idempotency_key for x in alert.undelivered] == [str(number) for number in range(2, 12)]


def test_what_became_of_the_latest_notification() -> None:
    alert = opened()
    assert outcome(alert) == "waiting"
    assert outcome(completed_alert(alert)) == "taken"
    refused = completed_alert(alert, OPENED, refusal(OPENED))
    assert outcome(refused) == "refused"
    closed = changed(refused, finding(7, firing=False), 100).alert
    assert outcome(closed) == "waiting"
    assert outcome(completed_alert(closed, "m1/sold-out/21/1/closed")) == "taken"


def test_what_is_due_is_what_was_queued_before() -> None:
    alert = changed(opened(), finding(7, firing=False), 200).alert
    now = RETRY_INTERVAL + 200
    assert [x.change for x in due(alert, now)] == ["opened"]
    assert due(requeued(alert, now), now) == []
    assert [x.queued_at for x in requeued(alert, now).outbox] == [now, 200]


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
    """Its entries know neither how often they were queued nor since when they are pending."""
    alert = opened()
    older = [structs.replace(entry, pending_since=None, attempts=None) for entry in alert.outbox]
    alert = alert.with_outbox(older)
    assert [x.idempotency_key for x in due(alert, RETRY_INTERVAL + 100)] == [OPENED]
    again = requeued(alert, RETRY_INTERVAL + 100).outbox[0]
    assert (again.attempts, again.pending_since, again.queued_at) == (2, 99, RETRY_INTERVAL + 100)
    assert not expired(alert.outbox[0], RETRY_PERIOD + 99)
    assert expired(alert.outbox[0], RETRY_PERIOD + 100)


def test_a_notification_that_was_never_queued_is_not_given_up_at_once() -> None:
    """Whoever writes an alert without a queue leaves it to the sweep: due at once, pending from then on."""
    alert = changed(None, finding(5, firing=True), 0).alert
    assert not expired(alert.outbox[0], 10 * RETRY_PERIOD)
    assert requeued(alert, 10 * RETRY_PERIOD).outbox[0].pending_since == 10 * RETRY_PERIOD


def test_what_an_alert_says_of_a_message() -> None:
    """An alert as it was read may be older than the write that queued the message."""
    alert = opened()
    message = alert.outbox[0]
    assert delivery(None, message) == "unseen"
    assert delivery(alert, message) == "pending"
    closed = changed(completed_alert(alert), finding(7, firing=False), 100).alert
    assert delivery(closed, message) == "completed"
    assert delivery(completed_alert(alert), closed.outbox[0]) == "unseen"
    again = changed(closed, finding(8, firing=True), 101).alert
    assert delivery(closed, again.outbox[-1]) == "unseen"
    assert delivery(again, message) == "completed"
