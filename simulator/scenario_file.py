"""Scenarios: TOML files that say which fleet, for how long, and what befalls it when.

``[[acts]]`` have ``what``, ``at`` and ``for`` (minutes from the start, minutes), optional ``share`` (of the
sites, 0 to 1, chosen by the seed; default all) and the act's own ``value``:

- ``network-cut``: the devices are offline; at the end all of them come back at once;
- ``power-cut``: the mains fail; the gateways' batteries last;
- ``heat``: ``value`` degrees Celsius around the machines instead of 21;
- ``demand``: ``value`` times as many buyers;
- ``no-visits``: nobody comes to fill, collect or repair;
- ``jam``: the selection that sells best gives nothing out, and the money stays in the machine;
- ``price``: every price is ``value`` minor units above the catalog's.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.faults import KNOWN
from simulator.link import FAULTS

MINUTE = 60_000
ACTS = {
    "network-cut": False, "power-cut": False, "heat": True, "demand": True, "no-visits": False,
    "jam": False, "price": True,
}  # fmt: skip
"""Act → whether it needs a ``value``."""
BUILT_IN = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True)
class Act:
    """Times in milliseconds from the start."""

    what: str
    at: int
    end: int
    share: float
    value: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """``hours`` of model time at ``speed`` model seconds per second."""

    name: str
    machines: int
    seed: int
    hours: float
    speed: float
    start: str
    faults: frozenset[str]
    acts: tuple[Act, ...]


def read(file: Path) -> Scenario:
    """A scenario by path, or a built-in one by name. Raises ValueError that names the fault."""
    if not file.exists() and (BUILT_IN / f"{file}.toml").exists():
        file = BUILT_IN / f"{file}.toml"
    try:
        raw = tomllib.loads(file.read_text())
    except OSError as fault:
        names = ", ".join(sorted(x.stem for x in BUILT_IN.glob("*.toml")))
        raise ValueError(f"{file}: {fault.strerror}; built-in scenarios: {names}") from fault
    except tomllib.TOMLDecodeError as fault:
        raise ValueError(f"{file} is no TOML: {fault}") from fault
    try:
        return _scenario(raw)
    except (KeyError, TypeError, ValueError) as fault:
        raise ValueError(f"{file}: {fault if isinstance(fault, ValueError) else f'needs {fault}'}") from fault


def _scenario(raw: dict[str, Any]) -> Scenario:
    known = {"name", "machines", "seed", "hours", "speed", "start", "faults", "acts"}
    if unknown := raw.keys() - known:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
    faults = frozenset(raw.get("faults", FAULTS))
    if wrong := faults - KNOWN.keys():
        raise ValueError(f"no such faults: {', '.join(sorted(wrong))}; there are {', '.join(KNOWN)}")
    return Scenario(
        name=str(raw["name"]),
        machines=int(raw["machines"]),
        seed=int(raw.get("seed", 1)),
        hours=float(raw["hours"]),
        speed=float(raw.get("speed", 40)),
        start=str(raw.get("start", "2026-07-03T06:00:00Z")),
        faults=faults,
        acts=tuple(_act(act) for act in raw.get("acts", [])),
    )


def _act(raw: dict[str, Any]) -> Act:
    what = raw["what"]
    if what not in ACTS:
        raise ValueError(f"no act {what!r}; there are {', '.join(ACTS)}")
    if ACTS[what] != ("value" in raw):
        raise ValueError(f"act {what!r} {'needs' if ACTS[what] else 'takes no'} value")
    share = float(raw.get("share", 1.0))
    if not 0 < share <= 1:
        raise ValueError(f"act {what!r}: share {share} is not above 0 and at most 1")
    at = int(float(raw["at"]) * MINUTE)
    return Act(what, at, at + int(float(raw["for"]) * MINUTE), share, float(raw.get("value", 0)))
