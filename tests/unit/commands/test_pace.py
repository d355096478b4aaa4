"""Minutes ordinarily, seconds while a command is under way; each machine at its own pace."""

from msgspec.structs import replace

from vending.commands.pace import BUSY_SECONDS, REDELIVER_AFTER, SPREAD, retry_after
from vending.documents.commands import Command

GIVEN = Command(
    command_id="c1", action={}, asked_at=0, asked_by="ada", expires_at=10_000_000,
    state="delivered", delivered_at=0, deliveries=1, epoch=1,
)  # fmt: skip


def test_machines_have_paces_of_their_own_that_are_always_the_same() -> None:
    paces = [retry_after(f"vm-{number}", 300, [], 0) for number in range(2000)]
    assert paces == [retry_after(f"vm-{number}", 300, [], 0) for number in range(2000)]
    assert 300 * (1 - SPREAD) <= min(paces) <= 245
    assert 355 <= max(paces) <= 300 * (1 + SPREAD) + 1
    assert abs(sum(paces) / len(paces) - 300) < 5


def test_a_device_at_a_command_asks_again_in_seconds_for_a_minute() -> None:
    assert retry_after("m1", 300, [GIVEN], REDELIVER_AFTER - 1) == 1
    assert retry_after("m1", 300, [GIVEN], 10_000) == BUSY_SECONDS
    slow = replace(GIVEN, deliveries=4)
    assert retry_after("m1", 300, [slow], 10_000) == BUSY_SECONDS
    assert retry_after("m1", 300, [slow], 8 * REDELIVER_AFTER - 90_500) == 91


def test_a_minute_is_counted_from_when_it_was_given() -> None:
    given = replace(GIVEN, delivered_at=1_000_000)
    assert retry_after("m1", 300, [given], 1_010_000) == BUSY_SECONDS
    often = replace(given, deliveries=7)
    waits = [retry_after("m1", 10_000, [often], 1_000_000 + since) for since in (REDELIVER_AFTER, 3_000_000)]
    assert waits == [3_540, 600]


def test_what_is_given_no_more_makes_nobody_ask_sooner() -> None:
    over = replace(GIVEN, expires_at=REDELIVER_AFTER)
    assert retry_after("m1", 300, [over], REDELIVER_AFTER) == retry_after("m1", 300, [], 0)


def test_never_at_once() -> None:
    assert retry_after("m1", 1, [GIVEN], 3 * REDELIVER_AFTER) == 1
