"""What a process remembers of alerts that agreed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from vending.alerts import rules
from vending.alerts.rules.evidence import Stock
from vending.alerts.verdicts import TRUSTED, Verdicts
from vending.documents.stock import MachineStock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def stock(rev: int, machine: str = "m1", **more: Any) -> MachineStock:
    """A machine with one full and one empty selection."""
    slots = {"21": [[1, 1, 3], None, []], "22": [[1, 1, more.pop("units", 0)], None, []]}
    return MachineStock(machine_id=machine, rev=rev, slots=slots, **more)


def agree(verdicts: Verdicts, held: MachineStock, now: datetime = NOW) -> bool:
    return verdicts.agree(held, rules.findings(Stock(held, 0)), now)


def remember(verdicts: Verdicts, held: MachineStock, now: datetime = NOW) -> None:
    verdicts.remember(held, rules.findings(Stock(held, 0)), now)


def test_the_very_next_revision_that_says_the_same_is_known() -> None:
    verdicts = Verdicts()
    assert not agree(verdicts, stock(5))
    remember(verdicts, stock(5))
    assert agree(verdicts, stock(6))
    assert agree(verdicts, stock(7))


def test_a_revision_that_comes_again_or_after_a_gap_is_not() -> None:
    verdicts = Verdicts()
    remember(verdicts, stock(5))
    for rev in (4, 5, 7):
        assert not agree(verdicts, stock(rev))


def test_another_verdict_is_not_and_what_follows_it_is_not_either() -> None:
    verdicts = Verdicts()
    remember(verdicts, stock(5))
    assert not agree(verdicts, stock(6, units=3))
    assert not agree(verdicts, stock(7))


def test_a_selection_of_which_nothing_was_said_is_another_verdict() -> None:
    """Its alert may be open since before."""
    verdicts, silent = Verdicts(), stock(5, units=3)
    del silent.slots["22"]
    remember(verdicts, silent)
    assert not agree(verdicts, stock(6, units=3))


def test_a_stock_that_operators_mended_is_not_known() -> None:
    verdicts = Verdicts()
    remember(verdicts, stock(5))
    assert not agree(verdicts, stock(6, exclusions=3))


def test_what_was_read_an_hour_ago_is_read_again_however_often_it_was_known_since() -> None:
    verdicts = Verdicts()
    remember(verdicts, stock(5))
    assert agree(verdicts, stock(6), NOW + TRUSTED - MINUTE)
    assert not agree(verdicts, stock(7), NOW + TRUSTED)


def test_the_machine_that_was_read_longest_ago_is_forgotten_first() -> None:
    verdicts = Verdicts(most=2)
    for machine in ("m1", "m2", "m1", "m3"):
        remember(verdicts, stock(5, machine))
    assert [agree(verdicts, stock(6, machine)) for machine in ("m1", "m2", "m3")] == [True, False, True]
