"""What all processes that notify share: one document of the container ``alerts``."""

from msgspec import field

from vending.documents.alerts import NOTIFICATIONS, AlertDocument
from vending.documents.base import Extensible

WINDOW_ID = "window"


class Failing(Extensible, kw_only=True):
    """A channel to which nothing got through: since when, how often that was tried, and when last (ms)."""

    channel: str
    since: int
    tries: int
    tried: int


class PostWindow(AlertDocument, kw_only=True):
    """How many notifications were posted in a minute, the latest digest and mails, and who takes nothing.

    Minutes are the clock's, since 1970. What changes it is in :mod:`vending.notifications.post_window`.
    """

    type = "post-window"

    id: str = WINDOW_ID
    machine_id: str = NOTIFICATIONS
    minute: int = 0
    posts: int = 0
    """In that minute."""
    digest_minute: int = field(name="digest", default=0)
    """The minute of the latest digest."""
    lease_until: int = field(name="until", default=0)
    """Until when (ms) that digest may still be removing what it told from the outboxes; 0 when it is over."""
    held_back: int | None = field(name="held", default_factory=lambda: None)  # stored as null, not left out
    """The newest minute in which a notification was held back; None where a digest has told all of those."""
    mail_minute: int | None = field(name="mails", default=None)
    """The latest minute in which mails were sent."""
    failing: list[Failing] | None = None
    """A channel that takes something is no more among them."""
