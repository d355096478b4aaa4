"""P2 exactly-once effect, of requests that are repeated over HTTP."""

from collections.abc import Awaitable
from dataclasses import replace
from itertools import count

from tests.breaks.base import Swap, breaks
from vending.ports import Documents
from vending.writes import claim, import_catalog
from vending.writes.alert_acts import ActOnAlert
from vending.writes.audit_trail import Trail
from vending.writes.import_catalog import Imported, PlannedImport
from vending.writes.perform import Change
from vending.writes.request import Answer, IfMatch, Request

TESTS = "tests/unit/writes/test_perform.py"


@breaks("P2", f"{TESTS}::test_a_resolution_is_not_repeated_on_the_next_episode")
def an_effect_does_not_know_its_request(swap: Swap) -> None:
    original, numbers = ActOnAlert.__call__, count()

    def call(self: ActOnAlert, request: Request) -> Awaitable[Change | Answer]:
        return original(self, replace(request, id=str(next(numbers))))

    swap.method(ActOnAlert, "__call__", call)


@breaks("P2", f"{TESTS}::test_of_two_who_change_the_same_version_one_does")
def an_old_version_is_changed(swap: Swap) -> None:
    swap.method(IfMatch, "check", lambda self, version: None)


@breaks("P2", f"{TESTS}::test_a_redelivered_request_has_the_stored_answer")
def answers_are_not_remembered(swap: Swap) -> None:
    async def remember(held: claim.Claim, answer: Answer, writes: Documents) -> None:
        await claim.release(held, writes)

    swap(claim.remember, remember)


@breaks("P2", f"{TESTS}::test_a_store_that_is_away_leaves_the_key_to_be_repeated")
def the_record_is_written_after_the_effect(swap: Swap) -> None:
    async def begin(self: Trail, before: object, after: object) -> None:
        self.begun = True

    swap.method(Trail, "begin", begin)


@breaks(
    "P2", "tests/unit/writes/test_change_catalog.py::test_whoever_repeats_and_dies_each_change_is_one_version"
)
def an_import_forgets_its_request(swap: Swap) -> None:
    original = import_catalog.publish

    async def publish(plan: PlannedImport, documents: Documents, request: str | None = None) -> Imported:
        return await original(plan, documents)

    swap(original, publish)
