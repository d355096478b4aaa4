"""``vendctl rollups``: is every day counted, and if not: since when, and whose.

Exit code 0: it is, or will be with the next ticks. 1: a shard has stood for longer than
ROLLUPS_BEHIND_AFTER_SECONDS, or a machine has a day that fails for good. 2: nobody could look.
"""

import argparse
import asyncio
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from vendctl.environment import load
from vending import wiring
from vending.domain.business_day import instant
from vending.domain.clock import millis
from vending.usecases.watch_rollups import RollUpWatch, shards_waiting, uncounted


@dataclass(frozen=True)
class Counted:
    """How far the rollups are."""

    limit: timedelta
    waiting: dict[int, timedelta | None] = field(default_factory=dict)
    """Shard → age of its first unread change; None where it has read all."""
    machines: list[dict[str, Any]] = field(default_factory=list)
    """``{id, since, due}``: the first day that is not counted (or ""), and when it is tried again (ms)."""

    @property
    def behind(self) -> list[int]:
        """The shards that stand."""
        return [shard for shard, age in self.waiting.items() if age is not None and age > self.limit]

    @property
    def code(self) -> int:
        """The exit code."""
        return 1 if self.behind or self.machines else 0


async def look(watch: RollUpWatch, now: datetime) -> Counted:
    """What the stores say now. Raises Transient."""
    found = enumerate(await shards_waiting(watch.ledger, watch.fleet))
    ages = {shard: max(now - since, timedelta()) if since else None for shard, since in found}
    return Counted(watch.limit, ages, await uncounted(watch.fleet))


async def run(now: datetime) -> Counted:
    """Of the deployment that the process's environment names."""
    try:
        return await look(wiring.roll_up_watch(), now)
    finally:
        await wiring.close()


def explain(found: Counted, now: datetime) -> str:
    """For people: shard by shard, machine by machine, and what to do."""
    lines = []
    for shard, age in found.waiting.items():
        said = "has read all" if age is None else f"has changes of {age.total_seconds():.0f} s to read"
        lines.append(f"shard {shard} {said}" + (": STANDS" if shard in found.behind else ""))
    for noted in found.machines:
        days = f"from {noted['since']} on" if noted["since"] else "from its first day on"
        wait = max(0, noted["due"] - millis(now)) // 60_000
        lines.append(f"{noted['id']}: days {days} are NOT COUNTED everywhere; tried again in {wait} min")
    if not found.code:
        return "\n".join([*lines, "every day is counted"])
    why = "the log of roll_up_shard says why; nothing is lost, and it is made good when it can be"
    return "\n".join([*lines, why])


def as_json(found: Counted) -> str:
    """``{"shards": [{shard, waitingSeconds, behind}, ...], "machines": [{machineId, since, due}, ...]}``."""
    shards = [
        {
            "shard": shard,
            "waitingSeconds": None if age is None else round(age.total_seconds()),
            "behind": shard in found.behind,
        }
        for shard, age in found.waiting.items()
    ]
    machines = [
        {"machineId": noted["id"], "since": noted["since"] or None, "due": instant(noted["due"])}
        for noted in found.machines
    ]
    return json.dumps({"shards": shards, "machines": machines})


def main(argv: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="vendctl rollups", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    asked = parser.parse_args(argv)
    os.environ.update(load(asked.settings, os.environ))
    now = datetime.now(UTC)
    found = asyncio.run(run(now))
    print(as_json(found) if asked.json else explain(found, now))
    return found.code
