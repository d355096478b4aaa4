"""P8 one alert, and notifications that come once as a rule and a bounded number of times a minute."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from itertools import count
from typing import Any

from msgspec import structs

from tests.breaks.base import Swap, breaks
from vending.alerts import channels, lifecycle, looks, outbox, rules, transitions, watch_days
from vending.alerts.raise_alerts import AlertStores
from vending.documents import notices
from vending.documents.alerts import Alert, Change
from vending.documents.days import MachineDay
from vending.documents.post_window import PostWindow
from vending.notifications import deliver_notice, post_window


@breaks(
    "P8",
    "tests/unit/alerts/test_one_alert.py"
    "::test_an_evaluation_that_reads_a_lagging_replica_changes_nothing_back",
)
def stale_findings_are_not_fenced(swap: Swap) -> None:
    original = transitions.transition

    def transition(held: Alert | None, *of: Any) -> transitions.Transition | None:
        return original(held and structs.replace(held, evaluated_on=[]), *of)

    swap(original, transition)


@breaks(
    "P8",
    "tests/unit/alerts/test_alert_lifecycle.py::test_silence_is_raised_and_ended_by_the_next_sign_of_life",
)
def episodes_share_an_idempotency_key(swap: Swap) -> None:
    original = outbox.idempotency_key

    def key(alert: Alert, change: Change) -> str:
        return original(structs.replace(alert, episode=0), change)

    swap(original, key)


@breaks(
    "P8",
    "tests/unit/alerts/test_attend.py::test_a_snoozed_alert_is_silent_and_then_tells_once_that_it_is_still_open",
)
def what_is_snoozed_is_told(swap: Swap) -> None:
    swap(outbox.snoozed, lambda alert, now: False)


@breaks(
    "P8",
    "tests/unit/alerts/test_lifecycle.py::test_what_nobody_acknowledges_goes_out_again_at_each_level_once",
)
def an_escalation_that_is_told_comes_again(swap: Swap) -> None:
    original = lifecycle.overdue

    def overdue(alert: Alert, escalate_after: Sequence[int], now: int) -> Alert | None:
        after = original(alert, escalate_after, now)
        return after and structs.replace(after, level=alert.level)

    swap(original, overdue)


@breaks(
    "P8",
    "tests/unit/alerts/test_attend.py::test_what_is_resolved_by_hand_is_told_by_the_next_sweep_and_stays_closed",
)
def what_is_resolved_by_hand_opens_at_once(swap: Swap) -> None:
    original = lifecycle.resolved

    def resolved(alert: Alert, by: str, reason: str, now: int) -> transitions.Transition:
        after, ended = original(alert, by, reason, now)
        return transitions.Transition(structs.replace(after, resolved=None), ended)

    swap(original, resolved)


@breaks("P8", "tests/unit/notifications/test_notify.py::test_three_messages_of_one_key_are_one_post")
def what_was_delivered_is_posted_again(swap: Swap) -> None:
    swap(outbox.delivery, lambda alert, message: "pending")


@breaks(
    "P8", "tests/unit/notifications/test_notify.py::test_a_storm_posts_no_more_than_the_bound_in_any_minute"
)
def a_minute_has_room_for_one_more(swap: Swap) -> None:
    original = post_window.acquire_post
    swap(original, lambda window, minute, limit: original(window, minute, limit + 1))


@breaks(
    "P8",
    "tests/unit/notifications/test_notify.py::test_a_digest_that_is_not_completed_yet_is_not_told_again_by_the_next",
)
def every_digest_is_let_through(swap: Swap) -> None:
    def through(window: PostWindow | None, now: datetime, count: int) -> PostWindow:
        return structs.replace(window or PostWindow(), digest_minute=post_window.minute_of(now))

    swap(post_window.acquire_digest, through)


@breaks(
    "P8",
    "tests/unit/notifications/test_send_mails.py"
    "::test_a_recipient_that_takes_nothing_keeps_no_other_and_repeats_none",
)
def channels_forget_what_they_took(swap: Swap) -> None:
    swap(channels.outstanding, lambda entry, channel: True)


@breaks("P8", "tests/unit/alerts/test_apply_policies.py::test_an_older_policy_waits_and_changes_nothing")
def an_older_policy_undoes_what_a_newer_found(swap: Swap) -> None:
    swap(transitions.by_older_policy, lambda finding, held: False)


@breaks(
    "P8",
    "tests/unit/alerts/test_looks.py"
    "::test_a_machine_that_falls_silent_is_found_by_the_first_sweep_after_its_time",
)
def quiet_machines_are_never_due(swap: Swap) -> None:
    swap(rules.next_look, lambda machine: None)


@breaks(
    "P8",
    "tests/unit/notifications/test_send_mails.py::test_a_minute_sends_once_whoever_sweeps",
)
def every_round_of_mails_is_let_through(swap: Swap) -> None:
    swap(post_window.acquire_mails, lambda window, now: structs.replace(window or PostWindow(), posts=-1))


@breaks(
    "P8",
    "tests/unit/alerts/rules/test_price_differs.py"
    "::test_an_older_day_that_is_corrected_says_nothing_against_a_newer_one",
)
def a_day_is_evaluated_without_those_after_it(swap: Swap) -> None:
    original = watch_days._since

    async def since(first: str, machine: str, stores: AlertStores) -> list[MachineDay]:
        return (await original(first, machine, stores))[:1]

    swap(original, since)


@breaks("P8", "tests/unit/uploads/photos/test_process_photo.py::test_redeliveries_change_nothing")
def a_redelivered_photo_is_another_notice(swap: Swap) -> None:
    original, numbers = notices.notice_id, count(1)

    def notice_id(about: notices.About, upload: str) -> str:
        return f"{original(about, upload)}-{next(numbers)}"

    swap(original, notice_id)


@breaks(
    "P8",
    "tests/unit/notifications/test_deliver_notice.py::test_two_messages_of_one_notice_send_it_once",
)
def a_claim_on_a_notice_is_over_at_once(swap: Swap) -> None:
    swap(deliver_notice.CLAIM, -1)


@breaks(
    "P8",
    "tests/unit/alerts/test_looks.py"
    "::test_an_alert_that_could_not_be_written_is_tried_again_though_nothing_changes",
)
def what_was_found_is_taken_for_written(swap: Swap) -> None:
    original = looks.Looks.wanted

    def wanted(
        self: looks.Looks, basis: looks.Basis, listed: Mapping[str, str], opened: Set[looks.OpenAlert]
    ) -> set[str]:
        found = original(self, basis, listed, opened)
        return {name for name in found if self._is_due(name, listed[name], basis.now)}

    swap.method(looks.Looks, "wanted", wanted)
