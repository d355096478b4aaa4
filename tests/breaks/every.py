"""All breaks: to import their modules registers them."""

from tests.breaks import (
    admitting,
    alerting,
    commanding,
    counting,
    keeping,
    reporting,
    summing,
    visiting,
    writing,
)
from tests.breaks.base import BREAKS, Break

MODULES = (admitting, alerting, commanding, counting, keeping, reporting, summing, visiting, writing)


def load() -> dict[str, Break]:
    """All of them, by name."""
    return BREAKS
