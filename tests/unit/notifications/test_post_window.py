"""How many posts a minute takes: the window alone, step by step, by the clocks of several processes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vending.documents.post_window import PostWindow
from vending.notifications.post_window import (
    acquire_digest,
    acquire_mails,
    acquire_post,
    failing_since,
    holds_back,
    may_try,
    minute_of,
    release_digest,
    tried,
)
from vending.time import millis

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = minute_of(NOW)


def full(limit: int) -> PostWindow:
    window: PostWindow | None = None
    for _ in range(limit):
        window, room = acquire_post(window, MINUTE, limit)
        assert room
    assert window is not None
    return window


def test_a_minute_takes_so_many_and_the_next_one_as_many_again() -> None:
    window, room = acquire_post(full(3), MINUTE, 3)
    assert (room, window.held_back) == (False, MINUTE)
    again, room = acquire_post(window, MINUTE, 3)
    assert not room
    assert again is window, "who is held back after the first writes nothing"
    later, room = acquire_post(window, MINUTE + 1, 3)
    assert (room, later.posts, later.held_back) == (True, 1, MINUTE)


def digest(window: PostWindow | None, seconds: float, count: int = 10) -> PostWindow | None:
    return acquire_digest(window, NOW + timedelta(seconds=seconds), count)


def test_a_minute_takes_one_digest() -> None:
    window = digest(None, 0)
    assert digest(window, 0) is None
    assert digest(release_digest(window, NOW, whole=True), 59) is None
    assert digest(release_digest(window, NOW, whole=True), 60) is not None


def test_a_digest_waits_for_the_one_before_and_not_for_one_that_died() -> None:
    """Five thousand took a minute to complete: the next one would have told them again."""
    window = digest(None, 0, 5_000)
    assert digest(window, 279) is None
    assert digest(window, 280) is not None
    assert digest(release_digest(window, NOW, whole=False), 60) is not None


def test_what_was_held_back_is_told_when_a_digest_has_seen_all_of_its_minute() -> None:
    """An entry is queued before it is held back, and a digest leaves out the youngest fifteen seconds."""
    window, _ = acquire_post(full(1), MINUTE, 1)
    assert holds_back(window)
    assert release_digest(window, NOW + timedelta(seconds=74), whole=True) is None
    assert release_digest(window, NOW + timedelta(seconds=75), whole=False) is None
    after = release_digest(window, NOW + timedelta(seconds=75), whole=True)
    assert not holds_back(after)
    assert release_digest(after, NOW + timedelta(seconds=75), whole=True) is None


def test_a_clock_that_is_wrong_by_an_hour_stops_nobody() -> None:
    window, _ = acquire_post(None, MINUTE + 60, 1)
    assert acquire_post(window, MINUTE, 1)[1]
    assert digest(digest(None, 3600), 0) is not None


def test_a_minute_has_one_round_of_mails() -> None:
    window = acquire_mails(None, NOW)
    assert window is not None
    assert acquire_mails(window, NOW + timedelta(seconds=59)) is None
    assert acquire_mails(window, NOW - timedelta(seconds=1)) is None, "a clock that is a little behind"
    assert acquire_mails(window, NOW + timedelta(seconds=60)) is not None
    assert acquire_mails(window, NOW - timedelta(hours=1)) is not None, "or one that was an hour ahead"


def test_a_channel_that_takes_nothing_is_tried_less_and_less_and_any_answer_ends_that() -> None:
    window, at, waits = tried(None, "mail:a", NOW, took=False), NOW, []
    for _ in range(7):
        start = at
        while not may_try(window, "mail:a", at):
            at += timedelta(minutes=1)
        waits.append((at - start) // timedelta(minutes=1))
        window = tried(window, "mail:a", at, took=False)
    assert waits == [1, 2, 4, 8, 15, 15, 15]
    assert failing_since(window, "mail:a") == millis(NOW)
    assert may_try(window, "mail:b", NOW)
    assert failing_since(window, "mail:b") is None
    again = tried(window, "mail:a", at, took=True)
    assert (failing_since(again, "mail:a"), again.failing) == (None, None)
    assert tried(again, "mail:a", at, took=True) is again, "nothing is written for what is well"


@given(st.lists(st.integers(0, 1)), st.integers(1, 4))
def test_two_clocks_a_little_apart_share_one_bound(late: list[int], limit: int) -> None:
    """One process's minute has just ended, the other's has not."""
    window, let = None, 0
    for behind in [0, *late]:
        window, room = acquire_post(window, MINUTE - behind, limit)
        let += room
    assert let <= limit
