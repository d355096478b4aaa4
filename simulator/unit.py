"""A machine with its device and its link, as one thing in time."""

from collections.abc import Callable
from typing import Any

from simulator import extremes, processes, visiting
from simulator.demand import DAY
from simulator.device import Device
from simulator.dice import Dice
from simulator.fleet import Fleet
from simulator.link import Due, Link
from simulator.machine import Model

Stamp = Callable[[int], int]
"""Model milliseconds → the true time that events carry, in milliseconds since 1970 UTC."""


class Unit:
    """Machine number ``number`` of a fleet, from model time ``now`` on."""

    def __init__(self, fleet: Fleet, number: int, now: int, stamp: Stamp, faults: frozenset[str]) -> None:
        spec = fleet.machine(number)
        self.fleet = fleet
        self.number = number
        self.faults = faults
        self.stamp = stamp
        self.model = Model(spec, Dice.of(fleet.seed, "life", number), now)
        self.extremes = extremes.Extremes(fleet.seed, number, faults)
        # Where holes are given up, an event that is overtaken by a thousand others is given up with them.
        kept = faults - {"reordering"} if "thousand-holes" in self.extremes.does else faults
        self.link = Link(number, kept, Dice.of(fleet.seed, "link", number))
        clock = spec.clock if "clocks" in faults else "ntp"
        self.device = Device(spec.device, spec.id, 1, 0, clock)
        self.lost = self.boards = 0
        self.obeyed: dict[str, dict[str, str]] = {}
        """Ids of the commands that the device began, and what came of each."""
        self.due = self.extremes.first(now)
        if "offline" in faults:
            self.due["offline"], self.spell = self.link.next_spell(now)
        else:
            self.spell = 0
        if "swaps" in faults:
            self.due["swap"] = now + self.link.dice.wait(45 * DAY)

    @property
    def next(self) -> int:
        """When something happens here next."""
        own = self.model.next
        if self.link.away_until:
            own = min(own, self.link.away_until)
        return min(own, *self.due.values()) if self.due else own

    def step(self) -> list[Due]:
        """Let the next thing happen: what goes out because of it, and when."""
        now = self.next
        if self.link.away_until and self.link.away_until <= now:
            return self.link.reconnect(now)
        process = min(self.due, key=lambda name: (self.due[name], name), default="")
        if process and self.due[process] <= now:
            return self._strike(process, now)
        at, facts = processes.step(self.model)
        return self._tell(at, facts)

    def new_epoch(self, now: int, reason: str, *, other_board: bool = False) -> list[Due]:
        """The device starts with empty storage; what it had not sent yet is gone."""
        self.lost += sum(x.kind == "event" for x in self.link.backlog)
        self.link.backlog.clear()
        self.link.recent.clear()
        self.obeyed.clear()
        self.boards += other_board
        name = self.fleet.device(self.number, self.boards) if other_board else self.device.id
        self.device = self.device.replaced(name, self.boards)
        self.model.tell("device.boot", {"reason": reason})
        visiting.tell_levels(self.model)
        return self.told(now)

    def told(self, now: int) -> list[Due]:
        """What goes out for facts that did not come from a process of the machine's own."""
        facts, self.model.facts = self.model.facts, []
        return self._tell(now, facts)

    def _strike(self, process: str, now: int) -> list[Due]:
        if process in extremes.BURSTS:
            del self.due[process]
            self.link.done[process] += 1
            return extremes.BURSTS[process](self, now)
        return self._swap(now) if process == "swap" else self._lose_network(now)

    def _swap(self, now: int) -> list[Due]:
        self.due["swap"] = now + self.link.dice.wait(45 * DAY)
        self.link.done["swaps"] += 1
        other = self.link.dice.chance(0.6)
        return self.new_epoch(now, "new-board" if other else "storage-lost", other_board=other)

    def _lose_network(self, now: int) -> list[Due]:
        self.link.cut(now, self.spell)
        self.link.done["offline"] += 1
        self.due["offline"], self.spell = self.link.next_spell(now)
        return []

    def _tell(self, now: int, facts: list[tuple[str, dict[str, Any]]]) -> list[Due]:
        stamp, out = self.stamp(now), []
        for name, data in facts:
            body = self.device.write(stamp, name, self._completed(stamp, name, data))
            dues, lost = self.link.send(now, self.device.id, name, body)
            self.lost += lost
            out += dues
            out += [(now, delivery) for delivery in self.extremes.behind(self)]
        return out

    def _completed(self, stamp: int, name: str, data: dict[str, Any]) -> dict[str, Any]:
        """The device's own part of an event."""
        firmware = f"2.{self.model.firmware}.0"
        if name == "device.boot":
            resets = "clocks" in self.faults and self.link.dice.chance(0.2)
            last = self.device.boot(stamp, self.link.dice, resets)
            self.link.done["clocks"] += self.device.clock != "ntp"
            return data | {"firmware": firmware, "lastSequence": last}
        if name == "device.heartbeat":
            uptime = (stamp - self.device.booted) // 1000
            return {
                "uptimeS": max(0, uptime),
                "firmware": firmware,
                "queueDepth": len(self.link.backlog),
            } | data
        return self.extremes.completed(name, data)

    def dump(self) -> dict[str, Any]:
        """For a state file; deliveries apart."""
        return {
            "model": self.model.dump(),
            "link": self.link.dump(),
            "device": self.device.dump(),
            "lost": self.lost,
            "boards": self.boards,
            "obeyed": self.obeyed,
            "due": self.due,
            "spell": self.spell,
            "extremes": self.extremes.dice.state,
        }

    def restore(self, raw: dict[str, Any]) -> None:
        """Take over what :meth:`dump` gave."""
        self.model.restore(raw["model"])
        self.link.restore(raw["link"])
        self.device = Device.load(raw["device"])
        self.lost, self.boards = raw["lost"], raw["boards"]
        self.obeyed = raw.get("obeyed", {})
        self.due, self.spell = raw["due"], raw["spell"]
        self.extremes.dice.state = raw.get("extremes", self.extremes.dice.state)
