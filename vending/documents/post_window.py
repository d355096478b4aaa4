"""The bound on posts to the receiver, which all processes share: one document of the container ``alerts``."""

from msgspec import field

from vending.documents.alerts import NOTIFICATIONS, AlertDocument

WINDOW_ID = "window"


class PostWindow(AlertDocument, kw_only=True):
    """How many notifications were posted in a minute, and the latest digest.

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
