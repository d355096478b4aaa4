"""What became of every event that the hub accepted: lost and not yet are told apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devstack.commandline import Exit
from vendctl.hub import behind, last_numbers
from vendctl.operations.account import Account, AccountStores, account
from vending import wiring
from vending.ingest import exclusion_list


@dataclass(frozen=True)
class Verdict:
    """An account, and what was under way while it was taken."""

    account: Account
    behind: dict[str, int] = field(default_factory=dict)
    """Function → events that it has still to finish."""
    arriving: bool = False
    """Whether the hub took events in meanwhile."""

    @property
    def code(self) -> Exit:
        """The exit code."""
        if self.account.doubled:
            return Exit.WRONG
        if not self.account.lost:
            return Exit.DONE
        return Exit.NOT_YET if self.arriving or any(self.behind.values()) else Exit.WRONG

    def figures(self) -> dict[str, Any]:
        """As JSON."""
        return self.account.figures() | {"behind": self.behind, "arriving": self.arriving}

    def explain(self) -> str:
        """For people: what is wrong, where, and what to do."""
        if self.code != Exit.NOT_YET:
            return explain(self.account)
        late = ", ".join(f"{name} is {count:,} behind" for name, count in self.behind.items() if count)
        why = " and ".join(filter(None, ["events still arrive" if self.arriving else "", late]))
        return (
            f"{table(self.account)}\nnot yet: {self.account.lost:,} events are not accounted for, "
            f"while {why}. Ask again when nothing arrives and both functions are at the end."
        )


async def judge(environment: Mapping[str, str]) -> Verdict:
    """The account, and how far hub and functions are before and after it."""
    before, late = await last_numbers(environment), await behind(environment)
    found = await take(environment)
    after = await behind(environment) if found.lost else {}
    worst = {name: max(late.get(name, 0), after.get(name, 0)) for name in late | after}
    return Verdict(found, worst, bool(found.lost) and await last_numbers(environment) != before)


async def take(environment: Mapping[str, str]) -> Account:
    """The account of the deployment that is wired."""
    generation = wiring.settings().hub_generation
    numbers = await last_numbers(environment)
    return await account(
        AccountStores(wiring.archive_blobs(), wiring.machines(), wiring.conditions(), wiring.deadletters()),
        {(generation, partition): last for partition, last in numbers.items()},
        await exclusion_list.read(wiring.catalog()),
    )


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
