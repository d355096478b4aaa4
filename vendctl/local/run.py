"""``vendctl run``: the whole system on this machine, with a simulated fleet, until Ctrl-C or ``--duration``.

At the end traffic stops, the app finishes, and the account says what became of every event.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path

from devstack.signals import interruptible
from vendctl import account, picture
from vendctl.hub import behind
from vendctl.local import figures
from vendctl.local.catalogue import describe_fleet, import_fleet
from vendctl.local.receiver import Receiver
from vendctl.local.screen import Screen
from vendctl.local.system import System, system
from vendctl.local.traffic import Traffic
from vending import wiring
from vending.usecases.account import Account

HISTORY = ("--dates", "model", "--speed", "1200")
"""The simulator then starts a day ago and goes on in real time when it has caught up."""
WATCHED = {"AzureFunctionsJobHost__extensions__eventHubs__maxWaitTime": "00:00:02"}
"""Somebody looks at the dashboard: batches wait less than host.json says."""
SETTLE_SECONDS = 300
"""How long the app may take to finish what was sent; then the run fails and says how far it came."""


def main(argv: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="vendctl run", description=__doc__)
    parser.add_argument("--machines", type=int, default=60, help="machines of the simulated fleet")
    parser.add_argument("--seed", type=int, default=1, help="the same seed is the same fleet")
    parser.add_argument("--duration", type=float, help="seconds from when all functions listen")
    parser.add_argument("--free-ports", action="store_true", help="not the usual ports: several runs at once")
    parser.add_argument("--history", action="store_true", help="begin a day ago, twenty minutes a second")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="take one of the dashboard at the end")
    parser.add_argument("--data", type=Path, default=Path(".data/run"), help="kept between runs")
    parser.add_argument("--json", action="store_true", help="plain lines, and the account as the last one")
    asked = parser.parse_args(argv)
    interruptible()
    screen = Screen(lines=asked.json)
    try:
        sent, found = _run(asked, screen)
    except KeyboardInterrupt:
        screen.say("stopped; the data stay, and the next run goes on from them (`make clean` removes them)")
        return 0
    screen.say(account.explain(found))
    if asked.json:
        print(json.dumps({"sent": sent} | found.figures()), flush=True)
    return 1 if found.lost or found.doubled else 0


def _run(asked: argparse.Namespace, screen: Screen) -> tuple[int, Account]:
    with Receiver() as receiver:
        settings = WATCHED | {"NOTIFY_WEBHOOK_URL": receiver.url}
        with system(asked.data, settings, screen.say, 0 if asked.free_ports else 7071) as running:
            os.environ.update(running.environment)
            fleet = describe_fleet(asked.machines, asked.seed, asked.data / "fleet.json")
            screen.say(asyncio.run(import_fleet(fleet)))
            screen.say(f"dashboard: {running.host.url}/dashboard   (log: {asked.data}/functions.log)")
            sent = _traffic(asked, running, receiver, screen)
            asyncio.run(_settle(running, screen))
            return sent, asyncio.run(account.take())


def _traffic(asked: argparse.Namespace, running: System, receiver: Receiver, screen: Screen) -> int:
    words = [
        "--machines",
        str(asked.machines),
        "--seed",
        str(asked.seed),
        *(HISTORY if asked.history else ()),
    ]
    hub = running.environment["TELEMETRY_HUB"]
    connection, guard = running.stack.eventhubs_connection, running.stack.guard
    with Traffic(connection, hub, asked.data, words, guard) as traffic:
        try:
            asyncio.run(_watch(asked.duration, running, traffic, receiver, screen))
            if asked.picture and picture.main([str(asked.picture), "--url", f"{running.host.url}/dashboard"]):
                raise RuntimeError("no picture was taken")
        except KeyboardInterrupt:
            screen.say("stopping: the app finishes what was sent (Ctrl-C again stops at once)")
    return traffic.sent


async def _watch(
    duration: float | None, running: System, traffic: Traffic, receiver: Receiver, screen: Screen
) -> None:
    begun = time.monotonic()
    try:
        with screen.running():
            while duration is None or time.monotonic() - begun < duration:
                if traffic.failed:
                    code = traffic.process.returncode
                    raise RuntimeError(
                        f"the simulator ended with code {code}: see {traffic.data}/simulator.log"
                    )
                now = await figures.read(running.environment)
                truth = traffic.newest.get("truth", {}) | {"machines": traffic.newest.get("machines", 0)}
                title = f"vendstream, {time.monotonic() - begun:.0f} s, {running.host.url}/dashboard"
                screen.show(title, truth, traffic.sent, now, len(receiver.received))
                await asyncio.sleep(1)
    finally:
        await wiring.close()


async def _settle(running: System, screen: Screen) -> None:
    """Wait until both functions have finished every event of the hub. Raises TimeoutError."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while any((lag := await behind(running.environment)).values()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the app is still behind after {SETTLE_SECONDS} s: {lag}; see functions.log")
        screen.say("finishing: " + ", ".join(f"{name} {count} behind" for name, count in lag.items()))
        await asyncio.sleep(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
