"""Each channel takes or refuses a notification for itself."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.alerts.test_transitions import OPENED, opened
from vending.alerts.channels import MAIL, WEBHOOK, Handled, kind, outstanding, settled, to_recipient
from vending.alerts.outbox import RETRY_INTERVAL, delivery, due, given_up, outcome, requeued
from vending.documents.alerts import Alert, Refusal

ANNA, BO = to_recipient("anna"), to_recipient("bo")
LATER = RETRY_INTERVAL + 200


def took(alert: Alert, *channels: str, wanted: tuple[str, ...] = (WEBHOOK, ANNA)) -> Alert:
    after = settled(alert, OPENED, Handled(wanted, dict.fromkeys(channels)))
    assert after is not None
    return after


def test_it_stays_until_all_that_want_it_have_it() -> None:
    alert = took(opened(), WEBHOOK)
    (entry,) = alert.outbox
    assert (entry.done, alert.pending, outcome(alert)) == ([WEBHOOK], True, "taken")
    assert not outstanding(entry, WEBHOOK)
    assert outstanding(entry, ANNA)
    alert = took(alert, ANNA)
    assert (alert.outbox, alert.pending) == ([], False)


def test_who_does_not_know_the_recipients_leaves_it_to_them() -> None:
    alert = took(opened(), WEBHOOK, wanted=(WEBHOOK, MAIL))
    assert alert.pending
    assert not took(alert, wanted=(WEBHOOK,)).pending, "nobody wants it by mail"


def test_what_the_webhook_has_is_not_queued_for_it_again() -> None:
    alert = opened()
    message = alert.outbox[0]
    assert due(alert, LATER) == [message]
    assert delivery(alert, message) == "pending"
    posted = took(alert, WEBHOOK)
    assert due(posted, LATER) == []
    assert requeued(posted, LATER) == posted
    assert delivery(posted, message) == "completed"
    assert delivery(took(alert, ANNA), message) == "pending"


def test_a_refusal_is_the_channels_own() -> None:
    refusal = Refusal(idempotency_key=OPENED, reason="status 550", at=5)
    alert = settled(opened(), OPENED, Handled((WEBHOOK, ANNA), {ANNA: refusal}))
    assert alert is not None
    assert (alert.undelivered, alert.outbox[0].done) == ([refusal], [ANNA])
    lost, by_webhook = given_up(opened().outbox[0], refusal, ANNA), given_up(opened().outbox[0], refusal)
    assert lost.id == f"{by_webhook.id}:{ANNA}"
    assert (lost.channel, by_webhook.channel) == (ANNA, None)
    assert kind(ANNA) == MAIL


def test_what_changes_nothing_is_nothing() -> None:
    assert settled(opened(), OPENED, Handled((WEBHOOK,), {})) is None
    assert settled(opened(), "another", Handled((), {})) is None
    assert settled(took(opened(), ANNA), OPENED, Handled((WEBHOOK, ANNA), {ANNA: None})) is None


@given(st.permutations([WEBHOOK, ANNA, BO]), st.lists(st.sampled_from([WEBHOOK, ANNA, BO])))
def test_in_any_order_and_however_often_it_leaves_with_the_last(order: list[str], more: list[str]) -> None:
    alert, seen = opened(), set[str]()
    for channel in [*more, *order]:
        seen.add(channel)
        after = settled(alert, OPENED, Handled((WEBHOOK, ANNA, BO), {channel: None}))
        alert = after or alert
        assert alert.pending == (len(seen) < 3)
