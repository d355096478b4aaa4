"""``undelivered``: each channel by itself, and the poison queue."""

from vending.alerts import rules
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import GivenUp
from vending.alerts.rules.undelivered import FAILING, Undelivered
from vending.alerts.transitions import Finding
from vending.documents.alerts import UndeliveredNotification

NOW = 1_772_366_400_000


def lost(at: int, channel: str | None = None) -> UndeliveredNotification:
    return UndeliveredNotification(
        id="undelivered:silent:machine:1:opened", machine_id="m1", state="open", channel=channel,
        idempotency_key="m1/silent/machine/1/opened", reason=f"status {at}", at=at,
    )  # fmt: skip


def firing(evidence: GivenUp) -> dict[str, Finding]:
    found = rules.named(Undelivered.name).findings(evidence)
    assert [one.component for one in found] == ["webhook", "mail", "poison"]
    return {one.component: one for one in found if one.firing}


def said(finding: Finding) -> str:
    return rules.named(Undelivered.name).opened(Facts(finding.machine, finding.component, finding.detail))


def test_nothing_is_wrong() -> None:
    assert firing(GivenUp([], NOW)) == {}


def test_what_was_given_up_is_told_of_its_channel() -> None:
    found = firing(GivenUp([lost(NOW - 2), lost(NOW - 1, "mail:anna"), lost(NOW - 3, "mail:bo")], NOW))
    assert {name: one.detail["count"] for name, one in found.items()} == {"webhook": 1, "mail": 2}
    assert (found["mail"].at, found["mail"].detail["reason"]) == (NOW - 1, f"status {NOW - 1}")


def test_a_channel_that_nothing_gets_through_to_for_an_hour() -> None:
    assert firing(GivenUp([], NOW, {"mail": NOW - FAILING + 1})) == {}
    found = firing(GivenUp([], NOW, {"mail": NOW - FAILING}))
    assert found.keys() == {"mail"}
    assert found["mail"].at == NOW - FAILING
    assert said(found["mail"]) == "no notification has got through by mail since 2026-03-01T11:00:00.000Z"


def test_messages_that_failed_five_times() -> None:
    found = firing(GivenUp([], NOW, poisoned=3))
    assert found.keys() == {"poison"}
    assert said(found["poison"]) == "3 messages are in the queue notifications-poison"
