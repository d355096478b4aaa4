"""Why a write is not done. Nothing has changed then."""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """Base; the message says what to do."""

    headers: ClassVar[Mapping[str, str]] = {}
    """Of the answer."""


class WrongWrite(Refusal):
    """What is asked is never right."""


class NoTarget(Refusal):
    """There is nothing to change under that name."""


class Unsuitable(Refusal):
    """It cannot be done to the target as that is now."""


class Unconditional(Refusal):
    """A change of a document without If-Match."""


class Stale(Refusal):
    """If-Match names a version that is no more."""


class ReusedKey(Refusal):
    """An idempotency key that was used for another request."""


class StillRunning(Refusal):
    """The same request under the same key is being carried out."""

    headers = {"Retry-After": "2"}  # noqa: RUF012 - declared in the base
