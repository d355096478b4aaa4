"""What a person does and asks, by the commands that a person has."""

import asyncio
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from subprocess import CompletedProcess
from typing import Any

from tests.chaos.world import World
from tests.support.waiting import finished, until
from tests.support.webhook_receiver import Answer
from vending import wiring

SETTLED = 240.0
"""Seconds in which everything that was sent must be done."""
OWED = 360.0
"""Seconds in which every notification must have come: the sweep sends one again after five minutes."""


@contextmanager
def at(environment: Mapping[str, str]) -> Iterator[None]:
    """The commands that run in this process see the system's settings."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def cleared(world: World) -> int:
    """Clear the partitions that stand before a message that no trigger can bind; how many.

    The host is restarted, as the command says: a running one repeats its batch.
    """
    done = world.run("vendctl", "partitions", "--json")
    if done.returncode == 2:
        return 0  # Some store does not answer yet.
    blocked = {row["partition"] for row in json.loads(_last(done)) if row["state"] == "blocked"}
    if not blocked:
        return 0
    for host in world.living():
        world.end_host(host, killed=False)
    for partition in sorted(blocked):
        _right(world.run("vendctl", "partitions", "clear", partition))
    world.start_host()
    world.say(f"cleared partitions {', '.join(sorted(blocked))}")
    return len(blocked)


def judged(world: World) -> dict[str, Any]:
    """Everything that must hold when the faults are over. Raises AssertionError where it does not."""
    world.receiver.answer = Answer
    world.cosmos(faults=[], disk_full=False)
    world.eventhubs(do="clear")
    finished(world.environment, SETTLED, lambda: cleared(world))
    account = json.loads(_last(_right(world.run("vendctl", "account", "--json"))))
    truth = ["--truth", str(world.data / "truth.json"), "--wait", "60", "--json"]
    stores = ["--cosmos", world.stack.cosmos_connection, "--storage", world.stack.storage_connection]
    verified = json.loads(_last(_right(world.run("simulator", "verify", *truth, *stores))))
    owed = _notified(world)
    for host in world.living():
        world.end_host(host, killed=False)
    _right(world.run("vendctl", "archive", "compact"))
    audit = json.loads(_last(_right(world.run("vendctl", "archive", "audit", "--json"))))
    rebuilt = json.loads(_last(_rebuilt(world)))
    assert (account["lost"], account["doubled"], verified["differences"]) == (0, 0, 0)
    assert audit["complete"]
    assert rebuilt["equal"]
    return {
        "account": account,
        "machines": verified["machines"],
        "vends": verified["vends"],
        "deadLetters": verified["deadLetters"],
        "rebuilt": {name: rebuilt[name] for name in ("equal", "machines", "lines", "days", "summaries")},
        "notifications": owed,
    }


def _notified(world: World) -> dict[str, int]:
    """Wait until no alert owes a notification; how many came, and how many posts that took."""
    owed: list[str] = []

    def none() -> bool:
        owed[:] = asyncio.run(_owed())
        return not owed

    until(none, lambda: f"nothing is owed, but {owed[:5]}", OWED, partial(time.sleep, 2))
    taken = world.receiver.taken()
    return {"keys": len(set(taken)), "posts": len(taken)}


async def _owed() -> list[str]:
    try:
        alerts = wiring.alerts().select(None, ("type", "=", "alert"))
        found = [stored.body async for stored in alerts]
        lost = [alert["id"] for alert in found if alert.get("undelivered")]
        assert not lost, f"given up: {lost[:5]}"
        return [f"{alert['machineId']} {alert['id']}" for alert in found if alert["outbox"]]
    finally:
        await wiring.close()


def _rebuilt(world: World) -> CompletedProcess[str]:
    """The rollups are run to their end first: no host does it any more."""
    from tests.support.maintenance import rolled_up

    rolled_up()
    return _right(world.run("vendctl", "rebuild", "--target", "rebuilt", "--wait", "0", "--json"))


def _right(done: CompletedProcess[str]) -> CompletedProcess[str]:
    assert done.returncode == 0, (
        f"{done.args[1:]}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    )
    return done


def _last(done: CompletedProcess[str]) -> str:
    return done.stdout.strip().splitlines()[-1]
