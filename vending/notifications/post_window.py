"""How many notifications a minute may be posted one by one; what comes above that waits for the digest. Pure.

A rate limit that all processes share, with a lease for the digest: within a minute at most so many posts,
one digest and one round of mails. And which channels take nothing, since when, and when to try them again.
The window is one document, written If-Match, so the bound holds however many processes post.
"""

from collections.abc import Collection
from datetime import datetime

from msgspec import structs

from vending.documents.post_window import Failing, PostWindow
from vending.time import millis

POST_GRACE = 15_000
"""Milliseconds after which a queued notification is no more about to be posted by itself, as a rule."""
COMPLETION_TIME = 50
"""Milliseconds in which a digest removes one notification from its outbox, with much to spare."""
LEASE_SLACK = 30_000
"""Milliseconds that a digest may take besides."""
MAX_LEASE = 10 * 60_000
"""Milliseconds: the longest that a function runs. A lease that is longer was taken by a wrong clock."""

TRY_AGAIN, MAX_TRY_AGAIN = 60_000, 15 * 60_000
"""Milliseconds from one try of a recipient that takes no mail to the next: the first, each further one twice
as long, at most."""
TICK = 10_000
"""Milliseconds by which one minute's sweep may be early."""


def minute_of(now: datetime) -> int:
    """The minute of the clock, since 1970."""
    return millis(now) // 60_000


def acquire_post(window: PostWindow | None, minute: int, limit: int) -> tuple[PostWindow, bool]:
    """The window after one more notification asked to be posted by itself, and whether it may.

    A clock that is a little behind counts in the window's own minute. Where nothing changes, the window is
    the same object.
    """
    before = window or PostWindow()
    at = before.minute if before.minute == minute + 1 else minute
    posts = before.posts if before.minute == at else 0
    if posts < limit:
        return structs.replace(before, minute=at, posts=posts + 1), True
    if before.held_back == at:
        return before, False
    return structs.replace(before, minute=at, posts=posts, held_back=at), False


def acquire_digest(window: PostWindow | None, now: datetime, count: int) -> PostWindow | None:
    """The window with this minute's digest of so many; None where the minute had one, or where another digest
    still removes what it told from the outboxes: its notifications would be told twice."""
    before, minute = window or PostWindow(), minute_of(now)
    lease = COMPLETION_TIME * count + LEASE_SLACK
    if minute <= before.digest_minute <= minute + 1 or 0 < before.lease_until - millis(now) <= MAX_LEASE:
        return None
    return structs.replace(before, digest_minute=minute, lease_until=millis(now) + lease)


def holds_back(window: PostWindow | None) -> bool:
    """Whether notifications wait for a digest."""
    return window is not None and window.held_back is not None


def release_digest(window: PostWindow | None, now: datetime, *, whole: bool) -> PostWindow | None:
    """The window when the digest that began at ``now`` is over; ``whole``: it told all that was queued until
    :data:`POST_GRACE` before that, so of older minutes nothing is held back any more. None: no change."""
    if window is None:
        return None
    held_back = window.held_back
    if whole and held_back is not None and held_back < (millis(now) - POST_GRACE) // 60_000:
        held_back = None
    after = structs.replace(window, lease_until=0, held_back=held_back)
    return after if after != window else None


def acquire_mails(window: PostWindow | None, now: datetime) -> PostWindow | None:
    """The window with this minute's mails; None where the minute had them."""
    before, minute = window or PostWindow(), minute_of(now)
    if minute <= (before.mail_minute or 0) <= minute + 1:
        return None
    return structs.replace(before, mail_minute=minute)


def tried(window: PostWindow | None, channel: str, now: datetime, *, took: bool) -> PostWindow:
    """The window after a channel took something, or nothing got through to it. A refusal for good is its
    answer too. Where nothing changes, the window is the same object."""
    before, known = window or PostWindow(), _failing(window, channel)
    if took and known is None:
        return before
    failing = [one for one in before.failing or () if one is not known]
    if not took:
        since, tries = (known.since, known.tries) if known else (millis(now), 0)
        failing.append(Failing(channel=channel, since=since, tries=tries + 1, tried=millis(now)))
    return structs.replace(before, failing=failing or None)


def only_failing(window: PostWindow | None, channels: Collection[str]) -> PostWindow | None:
    """The window that knows of no other failing channels than these: for the others nothing is tried any
    more. Where that changes nothing, the window is the same object."""
    failing = (window.failing if window else None) or []
    kept = [one for one in failing if one.channel in channels]
    if window is None or len(kept) == len(failing):
        return window
    return structs.replace(window, failing=kept or None)


def may_try(window: PostWindow | None, channel: str, now: datetime) -> bool:
    """Whether it is time to try a channel: always, unless nothing got through to it lately."""
    known = _failing(window, channel)
    if known is None:
        return True
    doubled = int(TRY_AGAIN * 2 ** min(known.tries - 1, 10))
    return millis(now) - known.tried >= min(doubled, MAX_TRY_AGAIN) - TICK


def failing_since(window: PostWindow | None, channel: str) -> int | None:
    """Since when (ms) nothing has got through to a channel; None where something did."""
    known = _failing(window, channel)
    return known.since if known else None


def _failing(window: PostWindow | None, channel: str) -> Failing | None:
    held = (window.failing if window else None) or ()
    return next((one for one in held if one.channel == channel), None)
