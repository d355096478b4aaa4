"""P8 one alert, and notifications that come once as a rule and a bounded number of times a minute."""

from datetime import datetime
from typing import Any

from tests.breaks import Swap, breaks
from vending.alerts import alerts
from vending.notifications import post_window


@breaks(
    "P8", "tests/unit/alerts/test_one_alert.py::test_a_judge_who_reads_a_lagging_replica_changes_nothing_back"
)
def stale_evidence_is_judged_again(swap: Swap) -> None:
    original = alerts.judge

    def judge(held: Any, finding: alerts.Finding, now: int) -> list[alerts.Document]:
        return original(held and held | {"judged": []}, finding, now)

    swap(original, judge)


@breaks(
    "P8",
    "tests/unit/alerts/test_alert_lifecycle.py::test_silence_is_raised_and_ended_by_the_next_sign_of_life",
)
def episodes_share_an_idempotency_key(swap: Swap) -> None:
    original = alerts._key
    swap(original, lambda alert, change: original(alert | {"episode": 0}, change))


@breaks("P8", "tests/unit/notifications/test_notify.py::test_three_messages_of_one_key_are_one_post")
def what_was_settled_is_posted_again(swap: Swap) -> None:
    swap(alerts.standing, lambda alert, message: "owed")


@breaks(
    "P8", "tests/unit/notifications/test_notify.py::test_a_storm_posts_no_more_than_the_bound_in_any_minute"
)
def a_minute_has_room_for_one_more(swap: Swap) -> None:
    original = post_window.let_through
    swap(original, lambda window, minute, limit: original(window, minute, limit + 1))


@breaks(
    "P8",
    "tests/unit/notifications/test_notify.py::test_a_digest_that_is_not_settled_yet_is_not_told_again_by_the_next",
)
def every_digest_is_let_through(swap: Swap) -> None:
    def through(window: Any, now: datetime, count: int) -> Any:
        return (window or post_window._new()) | {"digest": post_window.minute_of(now)}

    swap(post_window.digest_let_through, through)
