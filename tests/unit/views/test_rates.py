"""How fast slots sell, against an example worked out by hand."""

from typing import Any

import pytest

from vending.views import rates

WINDOW = ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"]


def test_what_leaves_a_slot_counts_also_when_nobody_paid() -> None:
    days = {
        "2026-11-16": {"selections": {"A1": {"units": 3, "free": 1}, "A2": {"failures": 2}}},
        "2026-11-17": {"selections": {"A1": {"units": 3, "test": 1}}},
    }
    assert rates.units_per_day(days, WINDOW) == {"A1": 2.0, "A2": 0.0}


def test_only_the_days_that_were_asked_for_count() -> None:
    """A day without a document, or without a sale, is a day on which nothing sold."""
    days: dict[str, dict[str, Any] | None] = {
        "2026-11-15": {"selections": {"A1": {"units": 90}}},
        "2026-11-16": {"selections": {"A1": {"units": 6}}},
        "2026-11-17": None,
        "2026-11-18": {},
    }
    assert rates.units_per_day(days, WINDOW[:3]) == {"A1": 2.0}


def test_of_no_days_at_all_nothing_is_known() -> None:
    with pytest.raises(ValueError, match="no days"):
        rates.units_per_day({}, [])
