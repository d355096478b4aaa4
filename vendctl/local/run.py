"""``vendctl run``: the whole system on this machine, with a simulated fleet, until Ctrl-C or ``--duration``.

At the end traffic stops, the app finishes, and the account says what became of every event.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp

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

WATCHED = {
    "AzureFunctionsJobHost__extensions__eventHubs__maxWaitTime": "00:00:02",
    "SWEEP_SCHEDULE": "0 0 0 1 1 *",
}
"""Somebody looks at the dashboard: batches wait less than host.json says. The sweep is called from here, once
the history has been taken in: till then every machine would be silent, and an alert would say so."""
FEW = 100
"""Events behind which the app counts as up to date while others arrive."""
LAST_LINES = 15
SETTLE_SECONDS = 300
"""How long the app may take to finish what was sent; then the run fails and says how far it came."""


def main(argv: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="vendctl run", description=__doc__)
    parser.add_argument("--machines", type=positive, default=60, help="machines of the simulated fleet")
    parser.add_argument("--seed", type=int, default=1, help="the same seed is the same fleet")
    parser.add_argument("--duration", type=float, help="seconds from when all functions listen")
    parser.add_argument("--free-ports", action="store_true", help="not the usual ports: several runs at once")
    parser.add_argument("--history", type=float, default=2, help="days to begin with; default 2, 0 for none")
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
    except (RuntimeError, TimeoutError) as fault:
        print(f"vendctl run: {fault}", file=sys.stderr)
        return 2
    screen.say(account.explain(found))
    if asked.json:
        print(json.dumps({"sent": sent} | found.figures()), flush=True)
    return 1 if found.lost or found.doubled else 0


def _run(asked: argparse.Namespace, screen: Screen) -> tuple[int, Account]:
    with Receiver() as receiver:
        settings = WATCHED | {"NOTIFY_WEBHOOK_URL": receiver.url}
        with system(asked.data, settings, screen.say, 0 if asked.free_ports else 7071) as running:
            os.environ.update(running.environment)
            file = asked.data / "fleet.json"
            if (earlier := machines_of(file)) not in (None, asked.machines):
                screen.say(
                    f"{asked.data} holds a fleet of {earlier} machines: the app's figures are of both "
                    "(`make clean` removes it)"
                )
            fleet = describe_fleet(asked.machines, asked.seed, file)
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
        "--history",
        str(asked.history),
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
    sweeps = Sweeps(running.host.url)
    try:
        with screen.running():
            while duration is None or time.monotonic() - begun < duration:
                _alive(running, traffic)
                now = await figures.read(running.environment)
                await sweeps.call(traffic.newest.get("history", True), now.behind)
                truth = traffic.newest.get("truth", {}) | {"machines": traffic.newest.get("machines", 0)}
                title = f"vendstream, {time.monotonic() - begun:.0f} s, {running.host.url}/dashboard"
                screen.show(title, truth, traffic.sent, now, len(receiver.received))
                await asyncio.sleep(1)
    finally:
        await wiring.close()


def _alive(running: System, traffic: Traffic) -> None:
    """Raises RuntimeError, with the end of its log, when the host or the simulator has ended by itself."""
    codes = {"functions": running.host.process.poll(), "simulator": traffic.process.poll()}
    for name, code in codes.items():
        if code is not None:
            log = traffic.data / f"{name}.log"
            last = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
            raise RuntimeError(f"{name} ended with code {code}; the end of {log}:\n{last}")


class Sweeps:
    """The timer of the sweep, in the hands of the run."""

    def __init__(self, host: str, every: float = 60.0) -> None:
        self._address = f"{host}/admin/functions/sweep"
        self._every = every
        self._next: float | None = None

    async def call(self, history: bool, behind: Mapping[str, int]) -> bool:
        """Run the sweep when it is due: first when the history is taken in, then every minute."""
        now = time.monotonic()
        due = now >= self._next if self._next is not None else not history and max(behind.values()) <= FEW
        if due:
            self._next = now + self._every
            async with aiohttp.ClientSession() as session, session.post(self._address, json={"input": ""}):
                pass
        return due


def machines_of(file: Path) -> int | None:
    """How many machines the fleet has that an earlier run described."""
    return len(json.loads(file.read_bytes())["machines"]) if file.exists() else None


def positive(text: str) -> int:
    """For argparse: a number from 1 on."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number from 1 on")
    return int(text)


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
