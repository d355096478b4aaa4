"""All breaks: to import their modules registers them."""

from tests.breaks import alerting, commanding, counting, keeping, reporting, summing
from tests.breaks.base import BREAKS, Break

MODULES = (alerting, commanding, counting, keeping, reporting, summing)


def load() -> dict[str, Break]:
    """All of them, by name."""
    return BREAKS
