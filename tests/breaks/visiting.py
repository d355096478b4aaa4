"""What is told of visits, in any order and as if some of it had never been sent (P3, P4); and of rejected
files (P8)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import structs

from tests.breaks.base import Swap, breaks
from vendctl.operations import mend_machine
from vending.documents.visits import VisitRecord
from vending.errors import Rejected
from vending.events.event import Event
from vending.state import visits
from vending.uploads import process_upload


@breaks("P3", "tests/unit/ingest/test_visits.py::test_any_order_of_arrival_ends_the_same")
def of_a_visit_the_event_that_comes_last_stands(swap: Swap) -> None:
    original = visits.merged

    def merged(held: VisitRecord | None, machine: str, visit: str, events: Iterable[Event]) -> VisitRecord:
        record = original(None, machine, visit, events)
        return (
            record
            if held is None
            else structs.replace(
                record, started=record.started or held.started, ended=record.ended or held.ended
            )
        )

    swap(original, merged)


@breaks(
    "P4",
    "tests/unit/vendctl/operations/test_forget_machine.py"
    "::test_visits_that_a_stranger_told_of_are_gone_and_the_others_stand",
)
def forgotten_events_still_tell_of_visits(swap: Swap) -> None:
    async def mend_visits(*_: Any) -> None:
        return None

    swap(mend_machine.mend_visits, mend_visits)


@breaks(
    "P8",
    "tests/unit/uploads/test_process_upload.py"
    "::test_a_crash_at_any_step_of_a_rejection_is_made_good_by_the_next_delivery",
)
def a_rejection_is_noted_before_anybody_is_told(swap: Swap) -> None:
    original = process_upload._reject

    async def reject(
        record: Any, file: Any, fault: Rejected, stores: process_upload.UploadStores, now: datetime
    ) -> None:
        await process_upload._note(record, file, "rejected", str(fault), stores.machines)
        await original(record, file, fault, stores, now)

    swap(original, reject)
