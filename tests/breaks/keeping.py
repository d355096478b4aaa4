"""P1 nothing lost, P5 back-pressure, P6 poison never blocks, and that each device speaks for itself."""

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.breaks.base import Swap, breaks
from vendctl.operations import account
from vending import off_loop
from vending.adapters import faults
from vending.alerts.rules.evidence import Backlog
from vending.alerts.rules.lag import Lag
from vending.alerts.transitions import Finding
from vending.archive import append, closing
from vending.errors import Conflict, Rejected, Transient
from vending.events import event, identity, records
from vending.events.event import Event
from vending.events.hub_event import HubEvent
from vending.ingest import commit_stock, dead_letters, ingest
from vending.ports import Documents

log = logging.getLogger(__name__)


@breaks("P1", "tests/unit/events/test_records.py::test_awkward_bodies_survive")
def bodies_are_kept_as_text_whatever_they_are(swap: Swap) -> None:
    swap(records.text_or_base64, lambda name, data: {name: data.decode(errors="replace")})


@breaks(
    "P1", "tests/unit/archive/test_append.py::test_two_owners_and_any_faults_archive_each_event_once_in_order"
)
def the_archive_does_not_look_at_what_it_holds(swap: Swap) -> None:
    swap(append._holds, lambda ranges, number: False)


@breaks(
    "P1", "tests/unit/archive/test_compact.py::test_an_hour_is_not_closed_while_the_archive_is_behind_the_hub"
)
def an_hour_closes_while_the_archive_is_behind(swap: Swap) -> None:
    def archived(self: closing.Progress, number: int) -> None:
        self.held = max(self.held, number)
        if self.read is not None:
            self.closed, self.read = self.read, None

    swap.method(closing.Progress, "archived", archived)


@breaks(
    "P1", "tests/unit/ingest/test_ingest.py::test_dead_letters_are_one_blob_a_batch_and_never_overwritten"
)
def refused_events_are_dropped(swap: Swap) -> None:
    async def dropped(blobs: Any, refusals: Any, version: str) -> None:
        for hub, _ in refusals:
            log.warning("dropped %s", hub.position)

    swap(dead_letters.write_dead_letters, dropped)


@breaks("P1", "tests/unit/ingest/test_ingest.py::test_who_loses_a_race_folds_again_into_what_is_there_now")
def a_stale_write_is_taken_for_done(swap: Swap) -> None:
    original = commit_stock._write

    async def once(*words: Any) -> None:
        try:
            await original(*words)
        except Conflict:
            return

    swap(original, once)


@breaks("P1", "tests/unit/vendctl/operations/test_account.py::test_an_event_that_was_only_archived_is_lost")
def the_account_believes_the_archive(swap: Swap) -> None:
    swap.method(account.Stored, "holds", lambda self, event: True)


@breaks(
    "P5",
    "tests/unit/ingest/test_ingest.py"
    "::test_a_machine_that_must_wait_holds_back_the_batch_but_not_its_neighbours",
)
def the_checkpoint_moves_past_what_must_wait(swap: Swap) -> None:
    async def going_on(outcome: ingest.Outcome, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Transient as fault:
            log.warning("%s", fault)

    swap(ingest._waiting, going_on)


@breaks("P5", "tests/contract/test_faults.py::test_what_passes_by_itself_is_transient")
def throttling_is_a_defect(swap: Swap) -> None:
    swap(faults.PASSING, faults.PASSING - {429})


@breaks(
    "P5",
    "tests/unit/alerts/test_watch_lag.py"
    "::test_a_lag_over_half_the_retention_opens_one_alert_and_catching_up_closes_it",
)
def lag_is_told_when_the_hub_has_forgotten(swap: Swap) -> None:
    original = Lag.findings

    def late(self: Lag, evidence: Backlog) -> Iterator[Finding]:
        return original(self, replace(evidence, retention=2 * evidence.retention))

    swap.method(Lag, "findings", late)


@breaks("P6", "tests/unit/ingest/test_ingest.py::test_a_bug_costs_the_event_that_hits_it")
def a_defect_costs_its_neighbours(swap: Swap) -> None:
    async def together(
        machine: str, own: Sequence[Event], documents: Documents, outcome: ingest.Outcome
    ) -> None:
        try:
            done = await commit_stock.commit_stock(machine, own, documents, outcome.refusals)
            outcome.count(machine, done)
        except ArithmeticError as fault:
            outcome.refusals.add([(event.hub, dead_letters.defect(fault)) for event in own])

    swap(ingest._isolated, together)


@breaks("P6", "tests/unit/ingest/test_bytes.py::test_no_step_of_a_batch_of_the_largest_events_holds_the_loop")
def long_work_holds_the_event_loop(swap: Swap) -> None:
    async def in_place(size: int, work: Callable[[], Any]) -> Any:
        return work()

    swap(off_loop.off_loop, in_place)


@breaks("P6", "tests/unit/ingest/test_ingest.py::test_every_reason_of_validation")
def what_is_no_json_is_taken_for_a_bug(swap: Swap) -> None:
    original = event.parse

    def parse(hub: HubEvent, bound_from: datetime | None = None) -> Event:
        try:
            return original(hub, bound_from)
        except Rejected as fault:
            if fault.reason == "not-json":
                raise ValueError(fault.detail) from None
            raise

    swap(original, parse)


@breaks(
    "identity",
    "tests/unit/ingest/test_identity.py::test_a_stolen_credential_changes_nothing_of_another_machine",
)
def a_credential_speaks_for_any_machine(swap: Swap) -> None:
    swap(identity._covered, lambda key, publisher, device, machine: 1)


@breaks("identity", "tests/unit/ingest/test_identity.py::test_a_corrupt_epoch_costs_its_own_events_alone")
def any_epoch_is_believed(swap: Swap) -> None:
    swap(identity._check_epoch, lambda envelope, issued: None)
