"""P7 honest late data."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.breaks.base import Swap, breaks
from vending import business_day
from vending.documents.days import Early, MachineDay, Summary
from vending.rollups import buckets, compute, days, machine_days, shard, tree

RULES = "tests/unit/rollups/test_roll_up_rules.py"
OPEN = "tests/unit/rollups/test_open_days.py"
WORKERS = "tests/unit/rollups/test_two_workers.py"


@breaks("P7", f"{RULES}::test_a_shard_that_dies_anywhere_is_done_again")
def the_feed_goes_on_without_the_days(swap: Swap) -> None:
    async def nothing(*words: Any) -> None:
        """As if it had been done."""

    swap(shard._recompute, nothing)


@breaks("P7", f"{RULES}::test_a_stale_contribution_never_replaces_a_newer_one")
def a_stale_share_replaces_a_newer_one(swap: Swap) -> None:
    original = tree.merge

    def merge(summary: Summary, contributions: Iterable[tree.Contribution]) -> bool:
        given = list(contributions)
        for one in given:
            summary.children.pop(one.child, None)
        return original(summary, given)

    swap(original, merge)


@breaks("P7", f"{RULES}::test_a_read_that_lags_behind_the_feed_is_not_believed")
def a_read_that_lags_is_believed(swap: Swap) -> None:
    original = compute.compute

    async def believing(dirty: compute.DirtyDay, *words: Any) -> Any:
        return await original(replace(dirty, pages={}), *words)

    swap(original, believing)
    swap(machine_days.incomplete, lambda *words: False)


@breaks("P7", f"{RULES}::test_a_moved_machine_counts_once")
def a_former_site_keeps_what_it_was_told(swap: Swap) -> None:
    original = machine_days.contributions

    def here_alone(day: MachineDay) -> list[tree.Contribution]:
        return [one for one in original(day) if one.scope == f"site:{day.site}"]

    swap(original, here_alone)


@breaks("P7", "tests/unit/test_business_day.py::test_a_day_has_the_hours_that_its_clock_shows")
def an_hour_that_comes_twice_is_one(swap: Swap) -> None:
    original = business_day.hour_of
    swap(original, lambda at, name: original(at, name)[:2])


@breaks("P7", f"{OPEN}::test_a_page_that_comes_twice_counts_once")
def a_page_counts_as_often_as_it_comes(swap: Swap) -> None:
    original = buckets.added

    def forgetful(held: Early, *words: Any) -> Early | None:
        return original(held._replace(counted={}), *words)

    swap(original, forgetful)


@breaks("P7", f"{OPEN}::test_readers_see_the_same_at_every_step_of_the_closing")
def early_figures_go_before_the_tree_is_there(swap: Swap) -> None:
    async def nothing(*words: Any) -> None:
        """As if it had been done."""

    swap(days.recompute, nothing)


@breaks("P7", f"{WORKERS}::test_every_pair_of_stops_ends_in_the_ledger[a first sale that both count]")
def a_machines_day_hides_the_entry_that_grows(swap: Swap) -> None:
    original = buckets.as_counted

    def by_rev_alone(day: MachineDay, held: Early, **_: bool) -> MachineDay:
        return original(day, held, sealed=True)

    swap(original, by_rev_alone)
