"""The rules of a machine's commands, one by one."""

import pytest

from vending.commands.inbox import MOST_OPEN, RESULT_GRACE, Inbox, TooMany, told_late
from vending.commands.pace import LONGEST_REDELIVERY, REDELIVER_AFTER
from vending.documents.commands import Command, CommandInbox, EndedCommand
from vending.events.publishers import Publisher

HOUR = 3_600_000
BOARD = Publisher("dev-1", "m1", 1)


def command(name: str = "c1", expires_at: int = HOUR) -> Command:
    return Command(
        command_id=name, action={"kind": "reboot"}, asked_at=0, asked_by="ada", expires_at=expires_at
    )


def inbox(*opened: Command, now: int = 0) -> Inbox:
    return Inbox(CommandInbox(machine_id="m1", commands=list(opened)), now)


def again(held: Inbox, now: int) -> Inbox:
    """As somebody else reads it later."""
    return Inbox(held.document, now)


def over(held: Inbox) -> list[tuple[str, str]]:
    return [(one.command.command_id, one.command.state) for one in held.ended]


def test_all_that_waits_is_given_in_the_order_in_which_it_was_asked() -> None:
    held = inbox(command("lock"), command("unlock"))
    given = held.fetch(BOARD)
    assert [one.command_id for one in given] == ["lock", "unlock"]
    assert [(one.state, one.device, one.epoch, one.deliveries) for one in given] == [
        ("delivered", "dev-1", 1, 1)
    ] * 2
    assert held.changed
    assert held.fetch(BOARD) == []


def test_an_untold_command_is_given_again_ever_more_seldom_until_it_expires() -> None:
    held, now, waits = inbox(command(expires_at=24 * HOUR)), 0, []
    while now < 12 * HOUR:
        assert [one.command_id for one in held.fetch(BOARD)] == ["c1"]
        wait = next(ms for ms in range(0, 2 * HOUR, 1000) if again(held, now + ms).fetch(BOARD))
        waits.append(wait)
        now += wait
        held = again(held, now)
    assert waits[:4] == [REDELIVER_AFTER * factor for factor in (1, 2, 4, 8)]
    assert set(waits[7:]) == {LONGEST_REDELIVERY}


def test_nothing_is_given_that_has_less_than_a_second_left() -> None:
    assert [len(inbox(command(), now=HOUR - left).fetch(BOARD)) for left in (1000, 999)] == [1, 0]


def test_what_was_given_waits_longer_for_the_word_of_the_device() -> None:
    assert over(inbox(command(), now=HOUR)) == [("c1", "expired")]
    held = inbox(command())
    held.fetch(BOARD)
    assert over(again(held, HOUR + RESULT_GRACE - 1)) == []
    assert over(again(held, HOUR + RESULT_GRACE)) == [("c1", "expired")]


def test_a_result_closes_and_receipt_does_not() -> None:
    held = inbox(command("a"), command("b"), command("c"))
    held.fetch(BOARD)
    assert [held.tell(name, status, None) for name, status in (("a", "received"), ("x", "failed"))] == [
        True,
        False,
    ]
    assert over(held) == []
    held.tell("a", "succeeded", None)
    held.tell("b", "failed", "coil A1 is jammed")
    held.tell("c", "expired", None)
    assert over(held) == [("a", "succeeded"), ("b", "failed"), ("c", "expired")]
    assert held.ended[1].command.error == "coil A1 is jammed"
    assert held.document.commands == []


def test_a_new_board_never_gets_what_another_one_was_given() -> None:
    held = inbox(command("old"))
    held.fetch(BOARD)
    held.ask(command("new"))
    given = held.fetch(Publisher("dev-2", "m1", 2))
    assert [one.command_id for one in given] == ["new"]
    assert over(held) == [("old", "failed")]
    assert held.ended[0].command.error == "given to dev-1 (epoch 1), which epoch 2 replaced"
    held.ask(command("more"))
    assert held.fetch(BOARD) == []
    assert [one.command_id for one in held.under_way(Publisher("dev-2", "m1", 2))] == ["new"]
    assert held.under_way(BOARD) == []


def test_the_number_of_open_ones_is_bounded() -> None:
    held = inbox(*(command(f"c{number}") for number in range(MOST_OPEN)))
    with pytest.raises(TooMany, match="16 open commands"):
        held.ask(command("one more"))


def test_only_what_waits_is_cancelled() -> None:
    held = inbox(command("a"))
    held.fetch(BOARD)
    held.ask(command("b"))
    for name in ("a", "b", "nothing"):
        held.cancel(name, "bob")
    assert over(held) == [("b", "cancelled")]
    assert held.ended[0].command.ended_by == "bob"


def test_nothing_is_written_where_nothing_happened() -> None:
    held = inbox(command())
    held.tell("unknown", "failed", None)
    assert not held.changed
    assert again(held, HOUR).changed


def test_what_a_device_did_all_the_same_is_noted_once() -> None:
    held = inbox(command(), now=HOUR)
    (ended,) = held.ended
    noted = told_late(ended, "succeeded")
    assert noted is not None
    assert (noted.command.state, noted.command.late) == ("expired", "succeeded")
    assert [told_late(*each) for each in ((noted, "failed"), (ended, "expired"), (ended, "received"))] == [
        None
    ] * 3
    assert isinstance(ended, EndedCommand)
