"""How many notifications a minute may be posted one by one; what comes above that waits for the digest.

One document of the container ``alerts``, in the partition of :data:`alerts.PLACE`: ``{"id": "window",
"machineId", "type": "post-window", "schema", "minute": of the clock, since 1970, "posts": that were let
through in it, "digest": the minute of the latest digest, "until": until when (ms) that one may still settle
what it told, "held": the newest minute in which a notification was held back, null where a digest has told
of all that were}``. Written If-Match, so the bound holds however many processes post: within a minute at most
so many posts, and one digest.
"""

from datetime import datetime
from typing import Any

from vending.alerts.alerts import PLACE
from vending.time import millis

SCHEMA = 1
ID = "window"
SETTLING = 15_000
"""Milliseconds after which a queued notification is no more about to be posted by itself, as a rule."""
SETTLES = 50
"""Milliseconds in which a digest settles one notification, with much to spare."""
DAWDLES = 30_000
"""Milliseconds that a digest may take besides."""
TOO_LONG = 10 * 60_000
"""Milliseconds: the longest that a function runs. Who says that he needs longer has a wrong clock."""
Document = dict[str, Any]


def minute_of(now: datetime) -> int:
    """The minute of the clock, since 1970."""
    return millis(now) // 60_000


def let_through(window: Document | None, minute: int, limit: int) -> tuple[Document, bool]:
    """The window after one more notification asked to be posted by itself, and whether it may.

    A clock that is a little behind counts in the window's own minute. Where nothing changes, the window is
    the same object.
    """
    before = window or _new()
    at = before["minute"] if before["minute"] == minute + 1 else minute
    posts = before["posts"] if before["minute"] == at else 0
    if posts < limit:
        return before | {"minute": at, "posts": posts + 1}, True
    return (before if before["held"] == at else before | {"minute": at, "posts": posts, "held": at}), False


def digest_let_through(window: Document | None, now: datetime, count: int) -> Document | None:
    """The window with this minute's digest of so many; None where the minute had one, or where another digest
    has not settled yet what it told: its notifications would be told twice."""
    before, minute = window or _new(), minute_of(now)
    longest = SETTLES * count + DAWDLES
    if minute <= before["digest"] <= minute + 1 or 0 < before["until"] - millis(now) <= TOO_LONG:
        return None
    return before | {"digest": minute, "until": millis(now) + longest}


def holds_back(window: Document | None) -> bool:
    """Whether notifications wait for a digest."""
    return window is not None and window["held"] is not None


def told(window: Document | None, now: datetime, *, whole: bool) -> Document | None:
    """The window when the digest that began at ``now`` is over; ``whole``: it told all that was queued until
    :data:`SETTLING` before that, so of older minutes nothing is held back any more. None: nothing changes."""
    if window is None:
        return None
    clear = whole and window["held"] is not None and window["held"] < (millis(now) - SETTLING) // 60_000
    after = window | {"until": 0} | ({"held": None} if clear else {})
    return after if after != window else None


def _new() -> Document:
    return {
        "id": ID,
        "machineId": PLACE,
        "type": "post-window",
        "schema": SCHEMA,
        "minute": 0,
        "posts": 0,
        "digest": 0,
        "until": 0,
        "held": None,
    }
