"""P8 for reports: one a day and recipient, and a repeated one can be told by its key."""

import uuid
from datetime import datetime

from msgspec import structs

from tests.breaks.base import Swap, breaks
from vending.documents.daily_report import DailyReport
from vending.reports import sending

TESTS = "tests/unit/reports/test_send_daily_report.py"


@breaks("P8", f"{TESTS}::test_a_crash_between_sending_and_remembering_repeats_it_under_the_same_key")
def a_report_is_sent_beside_another_s_claim(swap: Swap) -> None:
    original = sending.claim

    def claim(held: DailyReport | None, recipient: str, day: str, now: datetime) -> DailyReport | None:
        return original(held and structs.replace(held, lease_until=0), recipient, day, now)

    swap(original, claim)


@breaks("P8", f"{TESTS}::test_a_crash_between_sending_and_remembering_repeats_it_under_the_same_key")
def a_repeated_report_has_another_key(swap: Swap) -> None:
    swap(sending.key, lambda claimed: f"{claimed.id}/{uuid.uuid4()}")


@breaks("P8", f"{TESTS}::test_everybody_gets_his_own_report_once")
def what_was_sent_is_not_remembered(swap: Swap) -> None:
    swap(sending.done, lambda claimed, reason=None: sending.released(claimed))
