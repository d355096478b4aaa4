"""What machines sell by the hour of the week: container ``fleet``, beside the rollups."""

from vending.documents.rollup_state import State

HABITS = "habits"
"""The scope, which is the partition key: a sweep asks it alone for what is due."""


class Habit(State, kw_only=True):
    """Of a machine (``id``): see :mod:`vending.state.habit`."""

    type = "habit"

    scope: str = HABITS
    time_zone: str
    hours: list[int]
    """Sales in each of the 168 hours of the week of that zone, Monday's first; 0 where the site is closed."""
    days: list[int]
    """How many Mondays, Tuesdays, ... were counted."""
    through: str
    """The last business day that was counted."""
    due: int | None = None
    """When to look whether it sold anything (ms); None for not at all."""
