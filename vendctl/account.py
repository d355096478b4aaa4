"""``vendctl account``: what became of every event that the hub accepted. Exit code 1 when one is lost."""

import argparse
import asyncio
import json
import os
import sys

from vendctl.environment import load
from vendctl.hub import last_numbers
from vending import wiring
from vending.usecases.account import Account, account


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
        )
    finally:
        await wiring.close()


def explain(found: Account) -> str:
    """The account for people: what is wrong, where, and what to do."""
    lines = [f"  {name:>13} {value:>10,}" for name, value in found.figures().items()]
    if found.lost:
        lines += [
            f"{found.lost} events are lost, among them (generation/partition@sequence number):",
            *[f"  {place}" for place in found.lost_events],
            "They are in the hub until its retention ends: run again when ingest and archive have caught up.",
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
    found = asyncio.run(take())
    print(json.dumps(found.figures()) if asked.json else explain(found))
    if asked.json and (found.lost or found.doubled):
        print(explain(found), file=sys.stderr)
    return 1 if found.lost or found.doubled else 0
