"""The whole system on this machine, with a simulated fleet, until Ctrl-C or a duration is over.

At the end traffic stops, the app finishes, and the account says what became of every event.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from devstack import signals
from devstack.commandline import Answer, Exit, NotDone
from vendctl import account, picture
from vendctl.commands.program import adopt, wired
from vendctl.hub import behind
from vendctl.local import figures
from vendctl.local.catalog import describe_fleet, import_fleet
from vendctl.local.receiver import Receiver
from vendctl.local.screen import Screen
from vendctl.local.system import System, system
from vendctl.local.traffic import Traffic
from vendctl.operations.account import Account
from vending.resources import UPLOADS

NEVER = "0 0 0 1 1 *"
WATCHED = {
    "AzureFunctionsJobHost__extensions__eventHubs__maxWaitTime": "00:00:02",
    "SWEEP_SCHEDULE": NEVER,
    "DAILY_REPORT_SCHEDULE": NEVER,
    "DAILY_REPORT_HOUR": "0",
    "COMMAND_POLL_SECONDS": "20",
}
"""Somebody looks at the dashboard: batches wait less than host.json says. The sweep is called from here, once
the history has been taken in: till then every machine would be silent, and an alert would say so. The daily
report is asked for a minute later, when the rollups have the history too. Devices ask for commands every
twenty seconds, so that somebody who sends one sees it obeyed."""
MAILS_TO = "operator@localhost"
"""Who gets the run's mails: the stack's server keeps them, whomever they are for."""
FEW = 100
"""Events behind which the app counts as up to date while others arrive."""
LAST_LINES = 15
SETTLE_SECONDS = 300
"""How long the app may take to finish what was sent; then the run fails and says how far it came."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run: ``duration`` in seconds from the first event, ``history`` in days."""

    machines: int
    seed: int
    duration: float | None
    history: float
    data: Path
    free_ports: bool = False
    picture: Path | None = None


def run(wanted: Wanted, screen: Screen) -> Answer:
    """Until the end: what was sent, and the account of it. Raises NotDone."""
    signals.interruptible()
    try:
        sent, found = _run(wanted, screen)
    except KeyboardInterrupt:
        screen.say("stopped; the data stay, and the next run goes on from them (`make clean` removes them)")
        return Answer({"stopped": True})
    except (RuntimeError, TimeoutError) as fault:  # with the end of a log
        raise NotDone(str(fault)) from fault
    code = Exit.WRONG if found.lost or found.doubled else Exit.DONE
    return Answer({"sent": sent} | found.figures(), account.explain(found), code)


def _run(wanted: Wanted, screen: Screen) -> tuple[int, Account]:
    with Receiver() as receiver:
        settings = WATCHED | {"NOTIFY_WEBHOOK_URL": receiver.url, "NOTIFY_MAIL_TO": MAILS_TO}
        port = 0 if wanted.free_ports else 7071
        with system(wanted.data, settings, screen.say, port) as running, adopt(running.environment):
            running.stack.start_storage_events(UPLOADS, UPLOADS)
            file = wanted.data / "fleet.json"
            if (earlier := machines_of(file)) not in (None, wanted.machines):
                screen.say(
                    f"{wanted.data} holds a fleet of {earlier} machines: the app's figures are of both "
                    "(`make clean` removes it)"
                )
            fleet = describe_fleet(wanted.machines, wanted.seed, file)
            screen.say(wired(import_fleet(fleet)))
            screen.say(f"dashboard: {running.host.url}/dashboard   (log: {wanted.data}/functions.log)")
            screen.say(f"mails: {running.stack.mails_url}")
            sent = _traffic(wanted, running, receiver, screen)
            signals.run(_settle(running, screen))
            return sent, wired(account.take(running.environment))


def _traffic(wanted: Wanted, running: System, receiver: Receiver, screen: Screen) -> int:
    given: dict[str, object] = {
        "--machines": wanted.machines,
        "--seed": wanted.seed,
        "--history": wanted.history,
    }
    given["--commands"] = running.host.url
    words = [str(word) for pair in given.items() for word in pair]
    hub = running.environment["TELEMETRY_HUB"]
    connection, guard = running.stack.eventhubs_connection, running.stack.guard
    with Traffic(connection, hub, wanted.data, words, guard) as traffic:
        try:
            wired(_watch(wanted.duration, running, traffic, receiver, screen))
            if wanted.picture:
                screen.say(picture.write(wanted.picture, f"{running.host.url}/dashboard"))
        except KeyboardInterrupt:
            screen.say("stopping: the app finishes what was sent (Ctrl-C again stops at once)")
    return traffic.sent


async def _watch(
    duration: float | None, running: System, traffic: Traffic, receiver: Receiver, screen: Screen
) -> None:
    begun, before = time.monotonic(), traffic.sent
    sweeps = Sweeps(running.host.url)
    while duration is None or traffic.sent == before or time.monotonic() - begun < duration:
        _alive(running, traffic)
        if traffic.sent == before:
            begun = time.monotonic()  # However long the devices take to begin, they send for the duration.
        now = await figures.read(running.environment)
        await sweeps.call(traffic.newest.get("history", True), now.behind)
        truth = traffic.newest.get("truth", {}) | {"machines": traffic.newest.get("machines", 0)}
        title = f"vendstream, {time.monotonic() - begun:.0f} s, {running.host.url}/dashboard"
        screen.show(title, truth, traffic.sent, now, len(receiver.received))
        await asyncio.sleep(1)


def _alive(running: System, traffic: Traffic) -> None:
    """Raises RuntimeError, with the end of its log, when the host or the simulator has ended by itself."""
    codes = {"functions": running.host.process.poll(), "simulator": traffic.process.poll()}
    for name, code in codes.items():
        if code is not None:
            log = traffic.data / f"{name}.log"
            last = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
            raise RuntimeError(f"{name} ended with code {code}; the end of {log}:\n{last}")


class Sweeps:
    """The timers of the sweep and of the daily report, in the hands of the run."""

    def __init__(self, host: str, every: float = 60.0) -> None:
        self._functions = f"{host}/admin/functions"
        self._every = every
        self._next: float | None = None

    async def call(self, history: bool, behind: Mapping[str, int]) -> bool:
        """Run the sweep when it is due: first when the history is taken in, then every minute, with the daily
        report, which the app sends once."""
        now = time.monotonic()
        due = now >= self._next if self._next is not None else not history and max(behind.values()) <= FEW
        if due:
            names = ("sweep", "send_daily_report")[: 1 if self._next is None else 2]
            self._next = now + self._every
            async with aiohttp.ClientSession() as session:
                for name in names:
                    async with session.post(f"{self._functions}/{name}", json={"input": ""}):
                        pass
        return due


def machines_of(file: Path) -> int | None:
    """How many machines the fleet has that an earlier run described."""
    return len(json.loads(file.read_bytes())["machines"]) if file.exists() else None


async def _settle(running: System, screen: Screen) -> None:
    """Wait until both functions have finished every event of the hub. Raises TimeoutError."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while any((lag := await behind(running.environment)).values()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the app is still behind after {SETTLE_SECONDS} s: {lag}; see functions.log")
        screen.say("finishing: " + ", ".join(f"{name} {count} behind" for name, count in lag.items()))
        await asyncio.sleep(1)
