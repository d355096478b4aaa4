"""``vendctl rollups``: is every day counted?"""

from devstack.commandline import Answer
from vendctl.commands.program import PROGRAM, Environment, deployment


@PROGRAM.command("rollups")
@deployment("COSMOS")
async def rollups(environment: Environment) -> Answer:  # noqa: ARG001 - of the wiring
    """Say whether every day is counted; else since when, whose.

    Exit code 0: it is, or will be with the next ticks. 1: a shard has stood for longer than
    ROLLUPS_BEHIND_AFTER_SECONDS, a machine has a day that fails for good, or a day does not close. 2: nobody
    could look.
    """
    from datetime import UTC, datetime

    from vendctl.rollups import explain, figures, look
    from vending import wiring

    now = datetime.now(UTC)
    found = await look(wiring.roll_up_watch(), now)
    return Answer(figures(found), explain(found, now), found.code)
