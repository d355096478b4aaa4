"""Notices, in the container ``alerts``: mails that somebody gets once, about what is no alert.

A notice is its own outbox: it stands there as ``pending`` until the mail was taken or is given up.
"""

from typing import Literal

from vending.documents.alerts import AlertDocument, Detail

About = Literal["photo", "rejected-upload"]


class Notice(AlertDocument, kw_only=True):
    """``notice:{about}:{upload id}``. Times are milliseconds since 1970 UTC, 0 for never."""

    type = "notice"

    about: About
    at: int
    """When what it is about happened."""
    detail: Detail
    pending: bool = True
    queued_at: int = 0
    """When it was queued last."""
    attempts: int = 0
    """How often it was queued again."""
    claimed_until: int = 0
    """Until then it is somebody's to send."""
    given_up: str | None = None
    """Why nobody got it."""

    @property
    def idempotency_key(self) -> str:
        """By which receivers tell a repetition."""
        return f"{self.machine_id}/{self.id}"


def notice_id(about: About, upload: str) -> str:
    """The id of an upload's notice: there is one of each kind at the most."""
    return f"notice:{about}:{upload}"
