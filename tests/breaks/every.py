"""All breaks: to import their modules registers them."""

from tests.breaks import alerting, counting, keeping, reporting, summing, visiting
from tests.breaks.base import BREAKS, Break

MODULES = (alerting, counting, keeping, reporting, summing, visiting)


def load() -> dict[str, Break]:
    """All of them, by name."""
    return BREAKS
