"""Instants as integer milliseconds since 1970 UTC, and how much one is worth."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Quality = Literal["device", "late", "imported", "uptime", "estimated"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time and how much it is worth."""

    ms: int
    quality: Quality


def millis(moment: datetime) -> int:
    """Whole milliseconds since 1970; exact, without floats."""
    since = moment - EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
