"""P2 exactly-once effect, P3 order-free, P4 rebuildable."""

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Any

from tests.breaks.base import Swap, breaks
from vending.catalog.assignments import Assignment
from vending.documents.conditions import Conditions, Entry
from vending.events.base import TillEffect
from vending.events.event import Event, Order
from vending.ingest import admit, commit_stock, exclusions, name_machines
from vending.ports import Documents, Stored
from vending.state import books, conditions, intervals, slots, stock, till
from vending.uploads import import_audit
from vending.uploads.dex import delta, overlap, series

ANY_ORDER = (
    "tests/unit/ingest/test_ingest_properties.py"
    "::test_any_permutation_duplication_and_batching_ends_in_the_same_state"
)


@breaks("P2", "tests/unit/ingest/test_ingest.py::test_an_answer_that_is_lost_counts_nothing_twice")
def the_newest_number_is_not_known(swap: Swap) -> None:
    def contains(held: intervals.Intervals, number: int) -> bool:
        at = bisect_right(held, number, key=lambda pair: pair[0]) - 1
        return at >= 0 and number < held[at][1]

    swap(intervals.contains, contains)


@breaks("P2", "tests/unit/ingest/test_ingest_properties.py::test_two_owners_faults_and_kills_change_nothing")
def a_write_replaces_what_it_never_read(swap: Swap) -> None:
    original = commit_stock._write

    async def over(machine: str, stored: Stored | None, folded: stock.Folded, documents: Documents) -> None:
        await original(machine, await documents.read(machine, "stock"), folded, documents)

    swap(original, over)


@breaks("P2", "tests/unit/ingest/test_ingest.py::test_what_was_seen_before_is_not_written_again")
def no_number_is_ever_accounted_for(swap: Swap) -> None:
    swap.method(books.Books, "accounted_for", lambda self, key, number: False)


@breaks("P3", "tests/unit/state/test_slots.py::test_any_order_ends_in_the_same_slot_and_in_the_truth")
def the_level_that_arrives_last_counts(swap: Swap) -> None:
    swap(slots.newest, lambda held, said, what: said)


@breaks("P3", "tests/unit/state/test_slots.py::test_any_order_ends_in_the_same_slot_and_in_the_truth")
def a_failure_that_comes_late_is_one_in_a_row(swap: Swap) -> None:
    swap.method(slots.Slot, "fail", lambda self, order: insort(self.failed, order))


@breaks("P3", "tests/unit/state/test_till.py::test_any_order_ends_in_the_same_till_and_in_the_truth")
def cash_that_comes_late_was_never_collected(swap: Swap) -> None:
    original = till.Till.apply

    def apply(self: till.Till, order: Order, effect: TillEffect, at: int, selection: str) -> None:
        emptied, self._emptied = self._emptied, (-1, -1)
        original(self, order, effect, at, selection)
        self._emptied = max(emptied, self._emptied)

    swap.method(till.Till, "apply", apply)


@breaks("P3", ANY_ORDER)
def the_reading_that_arrives_last_counts(swap: Swap) -> None:
    original = conditions.merge

    def merge(entry: Entry, event: Event) -> Entry:
        news = original({}, event)
        return entry | news

    swap(original, merge)


@breaks(
    "P3",
    "tests/unit/state/test_conditions.py::test_a_machine_in_two_documents_is_the_newest_of_each_register",
)
def the_document_that_is_read_last_counts(swap: Swap) -> None:
    def merged(documents: Iterable[Conditions]) -> dict[str, Entry]:
        fleet: dict[str, Entry] = {}
        for document in documents:
            fleet |= document.machines
        return fleet

    swap(conditions.merged, merged)


@breaks(
    "P2",
    "tests/unit/uploads/test_import_audit.py::test_a_crash_behind_the_sending_sends_the_same_event_again",
)
def an_upload_takes_other_numbers_each_time(swap: Swap) -> None:
    numbers = count(1)

    async def issue(self: Any, upload: Any, many: int) -> int:
        return next(numbers)

    swap.method(import_audit.AuditImport, "_issue", issue)


SERIES = "tests/unit/uploads/dex/test_series.py"


@breaks("P2", f"{SERIES}::test_a_clock_that_was_lost_costs_an_interval_and_counts_none_twice")
def an_audit_goes_where_it_claims_most(swap: Swap) -> None:
    original = series._claimed
    swap(original, lambda found: (-original(found)[0], False))


@breaks("P2", f"{SERIES}::test_an_older_memory_that_comes_late_is_not_taken_for_sales_of_the_new_one")
def a_read_number_is_believed_against_the_clock(swap: Swap) -> None:
    swap(series._next, delta.delta)


@breaks("P2", f"{SERIES}::test_without_a_clock_nothing_is_invented")
def two_series_count_the_same_vends(swap: Swap) -> None:
    swap(overlap.overlaps, lambda claim, held: False)


@breaks(
    "P2",
    "tests/unit/rollups/test_audited.py"
    "::test_a_machine_of_audits_gets_none_from_its_devices_but_their_failures",
)
def vends_count_beside_the_audits(swap: Swap) -> None:
    swap.method(Assignment, "by_audits", lambda self, since, until: since != until)


@breaks(
    "P2",
    "tests/unit/rollups/test_audited.py::test_a_machine_of_device_events_gets_no_sale_from_an_audit",
)
def audits_count_whatever_the_catalog_says(swap: Swap) -> None:
    swap.method(Assignment, "by_audits", lambda self, since, until: since < until)


@breaks("P4", "tests/unit/ingest/test_exclusions.py::test_a_batch_of_before_that_is_judged_after_is_let_in")
def an_exclusion_has_no_beginning(swap: Swap) -> None:
    original = exclusions.Exclusion.holds
    swap.method(exclusions.Exclusion, "holds", lambda self, event: original(replace(self, since=0), event))


@breaks(
    "P4",
    "tests/unit/ingest/test_exclusions.py"
    "::test_a_batch_that_was_begun_before_the_machine_was_mended_puts_nothing_back",
)
def what_was_forgotten_is_put_back(swap: Swap) -> None:
    swap(admit.fenced, lambda documents, by, admitted: documents)


@breaks(
    "P4",
    "tests/unit/ingest/test_new_machines.py::test_however_a_partition_is_cut_into_batches_the_verdicts_are_the_same",
)
def a_rebuild_knows_no_refusals(swap: Swap) -> None:
    async def judge(self: Any, events: Any, remembered: Any) -> name_machines.Verdicts:
        return name_machines.Verdicts()

    swap.method(name_machines.OnRecord, "judge", judge)
