"""Between two runs: numbering, machines, what was not sent yet, and the truth so far; one JSON file.

A marker with a lock says that a run is going on. A marker without its owner says that the run before ended
without saving: every device then takes the next epoch, because nobody knows what it numbered last.
"""

import base64
import fcntl
import json
from collections import Counter
from pathlib import Path
from typing import IO, Any, Self

from simulator.link import Delivery
from simulator.timeline import Timeline
from simulator.truth import MachineTruth, Truth

VERSION = 2
COUNTERS = ("poison", "lines", "revenue")
PLAIN = ("events", "duplicates", "units", "ledger", "bases", "taken", "conditions", "invented")


class State:
    """A folder that belongs to one run at a time. Raises RuntimeError when another run holds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._others: list[dict[str, Any]] = []
        """Units beyond a fleet that is smaller this time: their numbering must not be forgotten."""
        folder.mkdir(parents=True, exist_ok=True)
        marker = folder / "running"
        self.unclean = marker.exists()
        self._lock: IO[str] = marker.open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            self._lock.close()
            raise RuntimeError(
                f"another simulator uses {folder}; stop it, or take another --state"
            ) from fault

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def load(self, timeline: Timeline, truth: Truth) -> bool:
        """Put a saved state into a new timeline; False when there is none. Raises ValueError."""
        file = self.folder / "state.json"
        if not file.exists():
            return False
        saved = json.loads(file.read_text())
        own = (timeline.fleet.seed, timeline.fleet.prefix)
        if saved["version"] != VERSION or (saved["seed"], saved["prefix"]) != own:
            raise ValueError(
                f"{file} (version {saved['version']}, seed {saved['seed']}, prefix {saved['prefix']!r}) is "
                f"of another fleet than seed {own[0]}, prefix {own[1]!r}: give its own, or another --state"
            )
        units = saved["units"]
        for unit, raw in zip(timeline.units, units, strict=False):
            unit.restore(raw)
        self._others = units[len(timeline.units) :]
        truth.exact, truth.doubtful = saved["exact"], Counter(saved["doubtful"])
        truth.machines = {name: _truth(raw) for name, raw in saved["truth"].items()}
        dues = [(at, _delivery(raw)) for at, raw in saved["waiting"]]
        timeline.resume(saved["now"], [due for due in dues if due[1].machine < len(timeline.units)])
        for name in ("backlog", "recent"):
            for delivery in map(_delivery, saved[name]):
                if delivery.machine < len(timeline.units):
                    getattr(timeline.units[delivery.machine].link, name).append(delivery)
        return True

    def save(self, timeline: Timeline, truth: Truth, unsent: list[Delivery]) -> None:
        """Replace the saved state; ``unsent`` goes out first the next time."""
        waiting = [(timeline.now, x) for x in unsent] + timeline.waiting()
        saved = {
            "version": VERSION,
            "seed": timeline.fleet.seed,
            "prefix": timeline.fleet.prefix,
            "now": timeline.now,
            "units": [unit.dump() for unit in timeline.units] + self._others,
            "waiting": [[at, _raw(delivery)] for at, delivery in waiting],
            "backlog": [_raw(x) for unit in timeline.units for x in unit.link.backlog],
            "recent": [_raw(x) for unit in timeline.units for x in unit.link.recent],
            "exact": truth.exact,
            "doubtful": truth.doubtful,
            "truth": {name: vars(own) for name, own in truth.machines.items()},
        }
        write(self.folder / "state.json", saved)

    def finish(self) -> None:
        """The run ended well: its numbering is known."""
        (self.folder / "running").unlink(missing_ok=True)


def write(file: Path, content: Any) -> None:
    """A JSON file, replaced as a whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(json.dumps(content, separators=(",", ":")))
    fresh.replace(file)


def _raw(delivery: Delivery) -> list[Any]:
    body = base64.b64encode(delivery.body).decode()
    words = (delivery.kind, delivery.reason, delivery.publisher, delivery.doubtful, delivery.section)
    return [delivery.machine, delivery.key, body, *words]


def _delivery(raw: list[Any]) -> Delivery:
    machine, key, body, *rest = raw
    return Delivery(machine, key, base64.b64decode(body), *rest)


def _truth(raw: dict[str, Any]) -> MachineTruth:
    own = MachineTruth()
    for name in PLAIN:
        setattr(own, name, raw.get(name, getattr(own, name)))
    for name in COUNTERS:
        setattr(own, name, Counter(raw[name]))
    return own
