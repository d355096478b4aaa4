"""What a process remembers of machines whose alerts only time closes: bounded, and for an hour."""

from datetime import UTC, datetime, timedelta

import pytest

from vending.alerts.ageing import TRUSTED, Ageing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("after", "known"), [(timedelta(0), True), (TRUSTED - TICK, True), (TRUSTED, False), (-TICK, False)]
)
def test_a_stock_is_looked_at_for_an_hour(after: timedelta, known: bool) -> None:
    held = Ageing()
    held.remember("m1", {"rev": 1}, NOW)
    assert held.stock("m1", NOW + after) == ({"rev": 1} if known else None)
    assert held.stock("m2", NOW + after) is None


def test_what_was_read_longest_ago_is_forgotten_first() -> None:
    held = Ageing(most=2)
    for machine in ("m1", "m2", "m1", "m3"):
        held.remember(machine, {"id": machine}, NOW)
    assert [held.stock(machine, NOW) is not None for machine in ("m1", "m2", "m3")] == [True, False, True]
