"""A live fleet that obeys: it fetches what an application orders, with tokens of its devices, and does it."""

import time

from simulator.credentials import publisher, token
from simulator.obey import obey
from simulator.polling import Asked, Polls
from simulator.run import Hub
from simulator.timeline import Timeline

TOKEN_SECONDS = 600
"""For which a device's token holds that asks for commands."""


class Commanded:
    """The devices of a timeline, and where they ask."""

    def __init__(self, hub: Hub, timeline: Timeline) -> None:
        self._hub = hub
        self._timeline = timeline
        self._polls = Polls(hub.commands, timeline.fleet.machines, time.monotonic())

    def step(self, now: float) -> None:
        """Do what was fetched, and fetch what is due. ``now`` as :func:`time.monotonic` says it."""
        for answer in self._polls.answered(now):
            unit = self._timeline.units[answer.machine]
            for command in answer.commands:
                self._timeline.add(obey(unit, self._timeline.now, command))
            self._timeline.touched(unit)
        self._polls.ask(now, self._asked)

    def close(self) -> None:
        """Ask no more."""
        self._polls.close()

    def _asked(self, number: int) -> Asked | None:
        """Whom a device speaks for; None while it is offline."""
        unit = self._timeline.units[number]
        if unit.link.away_until:
            return None
        device, machine = unit.device, unit.model.spec.id
        name = publisher(device.id, machine, device.epoch)
        until = int(time.time()) + TOKEN_SECONDS
        return Asked(machine, token(self._hub.given, self._hub.name, name, until))
