"""``vendctl account``: what became of every event that the hub accepted.

Exit code 0: each is accounted for. 1: one is lost, or counted twice. 3: some are not accounted for yet,
because events still come or the functions are behind; ask again. 2: nobody could look (settings, a store).
"""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import dataclass, field

from vendctl.environment import load
from vendctl.hub import behind, last_numbers
from vending import wiring
from vending.usecases import exclusion_list
from vending.usecases.account import Account, account

LOST, NOT_YET = 1, 3


@dataclass(frozen=True)
class Verdict:
    """An account, and what was under way while it was taken."""

    account: Account
    behind: dict[str, int] = field(default_factory=dict)
    """Function → events that it has still to finish."""
    arriving: bool = False
    """Whether the hub took events in meanwhile."""

    @property
    def code(self) -> int:
        """The exit code."""
        if self.account.doubled:
            return LOST
        if not self.account.lost:
            return 0
        return NOT_YET if self.arriving or any(self.behind.values()) else LOST

    def explain(self) -> str:
        """For people: what is wrong, where, and what to do."""
        if self.code != NOT_YET:
            return explain(self.account)
        late = ", ".join(f"{name} is {count:,} behind" for name, count in self.behind.items() if count)
        why = " and ".join(filter(None, ["events still arrive" if self.arriving else "", late]))
        return (
            f"{table(self.account)}\nnot yet: {self.account.lost:,} events are not accounted for, "
            f"while {why}. Ask again when nothing arrives and both functions are at the end."
        )


async def judge() -> Verdict:
    """The account, and how far hub and functions are before and after it."""
    before, late = await last_numbers(os.environ), await behind(os.environ)
    found = await take()
    after = await behind(os.environ) if found.lost else {}
    worst = {name: max(late.get(name, 0), after.get(name, 0)) for name in late | after}
    return Verdict(found, worst, bool(found.lost) and await last_numbers(os.environ) != before)


async def take() -> Account:
    """The account of the deployment that the process's environment names."""
    generation = wiring.settings().hub_generation
    numbers = await last_numbers(os.environ)
    try:
        return await account(
            wiring.archive_blobs(),
            wiring.machines(),
            wiring.conditions(),
            wiring.deadletters(),
            {(generation, partition): last for partition, last in numbers.items()},
            await exclusion_list.read(wiring.catalog()),
        )
    finally:
        await wiring.close()


def table(found: Account) -> str:
    """The figures, a line each."""
    return "\n".join(f"  {name:>13} {value:>10,}" for name, value in found.figures().items())


def explain(found: Account) -> str:
    """The account for people: what is wrong, where, and what to do."""
    lines = [table(found)]
    if found.lost:
        lines += [
            f"{found.lost} events are lost, among them (generation/partition@sequence number):",
            *[f"  {place}" for place in found.lost_events],
            'Do it before the hub\'s retention ends: docs/operations.md, "Events are lost".',
        ]
    if found.doubled:
        lines.append(f"{found.doubled} ledger numbers stand in two lines: revenue is counted twice there.")
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="vendctl account", description=__doc__)
    parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    asked = parser.parse_args(argv)
    os.environ.update(load(asked.settings, os.environ))
    found = asyncio.run(judge())
    told = found.account.figures() | {"behind": found.behind, "arriving": found.arriving}
    print(json.dumps(told) if asked.json else found.explain())
    if asked.json and found.code:
        print(found.explain(), file=sys.stderr)
    return found.code
