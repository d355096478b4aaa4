"""What can go wrong, and what follows. The type carries the decision:

VendstreamError
├── Rejected    permanent: dead-letter this event with the reason, go on with the others of the batch
├── Conflict    a stale write (409, 412): read, fold and commit again, never re-send
└── Transient   worth a retry (429, 5xx, time-out, no access): let the others finish, then raise;
    │           the trigger's retry policy waits and the checkpoint with it
    └── Refused a receiver of notifications says no, for a reason that somebody may mend (401, 403, 404)

Anything else that is raised is a defect of ours: the culprit is isolated event by event and dead-lettered
with its traceback, so that a bug costs one event and not a partition.
"""

from dataclasses import dataclass


class VendstreamError(Exception):
    """Base of the tree above."""


@dataclass
class Rejected(VendstreamError):
    """An event that no retry will make valid: a dead letter."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class Conflict(VendstreamError):
    """A stale write: the version that it was conditional on (If-Match) has been overwritten."""


class Transient(VendstreamError):
    """A failure that is worth a retry: the work must be done later."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the service asked us to wait, where it said so."""


class Refused(Transient):
    """An answer that says no for now: retried for a day, then final."""
