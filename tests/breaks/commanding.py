"""Commands to machines: one state in the end, one effect at most, whoever asks at the same time."""

from collections.abc import Callable
from itertools import count
from typing import Any

from tests.breaks.base import Swap, breaks
from vending.alerts import order_locks
from vending.commands import store
from vending.commands.inbox import Inbox
from vending.ports import Documents

RULES = "tests/unit/commands/test_inbox.py"
STEPS = "tests/unit/commands/test_steps.py"


@breaks("commands", f"{RULES}::test_a_new_board_never_gets_what_another_one_was_given")
def a_board_without_a_memory_gets_what_the_old_one_began(swap: Swap) -> None:
    swap.method(Inbox, "_fail_of_older", lambda self, board: None)


@breaks("commands", f"{RULES}::test_an_untold_command_is_given_again_ever_more_seldom_until_it_expires")
def a_lost_answer_loses_the_command(swap: Swap) -> None:
    swap.method(Inbox, "_is_due", lambda self, one: one.state == "queued")


@breaks("commands", f"{STEPS}::test_what_somebody_saw_expired_stays_so")
def an_expiry_is_told_and_not_written(swap: Swap) -> None:
    async def change[Outcome](
        machine: str, documents: Documents, now: int, act: Callable[[Inbox], Outcome]
    ) -> Outcome:
        held = await store.read_inbox(machine, documents, now)
        outcome = act(held.inbox)
        if held.inbox.opened:
            await store.write_inbox(held, documents)
        return outcome

    swap(store.change_inbox, change)


@breaks("commands", f"{STEPS}::test_an_order_that_expired_unseen_is_not_queued_again")
def an_id_is_looked_for_among_the_open_ones_alone(swap: Swap) -> None:
    swap.method(Inbox, "known", Inbox.find)


@breaks(
    "commands",
    "tests/unit/alerts/test_order_locks.py::test_an_episode_orders_one_lock_of_the_whole_machine",
)
def each_sweep_orders_another_lock(swap: Swap) -> None:
    numbers = count()

    def command_id(alert: Any) -> str:
        return f"{alert.rule}:{next(numbers)}"

    swap(order_locks.command_id, command_id)
