"""How a machine is, for people: its registers with names, units and ISO 8601 times.

Only absolute times are told, never ages, so that a view changes when something happened and not with the
clock; the one exception is the state, which turns to silent by itself.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct

from vending.business_day import instant
from vending.documents.conditions import Entry, Register
from vending.events.climate import COLD_BANDS, COLD_LIMIT
from vending.events.event_types import REGISTERS
from vending.state.conditions import of_before
from vending.views.answers.conditions import (
    ATTRIBUTES,
    READINGS,
    Condition,
    Fault,
    MachineCondition,
    State,
    Temperature,
)


def last_seen(entry: Entry) -> int | None:
    """When the machine's newest event happened, in milliseconds; None when nothing came yet."""
    return entry["seen"][2] if "seen" in entry else None


def state(entry: Entry, silent_before: int) -> State:
    """Whether anything came from the machine since a time (ms)."""
    seen = entry.get("seen")
    if seen is None:
        return "never"
    if seen[3] == "import":
        return "imported"
    return "online" if seen[2] >= silent_before else "silent"


def describe(entry: Entry, silent_before: int) -> Condition:
    """All that is known of the machine's condition; what was never reported is left out."""
    seen = last_seen(entry)
    said = {} if seen is None else {"last_seen": instant(seen), "clock": entry["seen"][3]}
    condition: Condition = MachineCondition(
        state=state(entry, silent_before),
        temperatures=temperatures(entry),
        faults=faults(entry),
        **said,
        **{attribute: _reading(name, entry[name]) for name, attribute in ATTRIBUTES.items() if name in entry},
    )
    return condition


def newest(entry: Entry, name: str) -> Any:
    """The first value of a register, which is the one that matters most; None where it was never reported."""
    return entry[name][3] if name in entry else None


def temperatures(entry: Entry) -> list[Temperature]:
    """Each zone's newest reading. ``warmForS`` is there when a zone that was cold once is too warm now.

    Seconds from the newest good reading to the newest one: what the two registers know, and no guess.
    """
    zones = []
    for zone, register in _family(entry, "temp").items():
        good = max((entry[name] for name in _good(zone) if name in entry), default=None)
        too_warm = register[3] > COLD_LIMIT
        warm_for = max(0, register[2] - good[2]) // 1000 if good is not None and too_warm else UNSET
        zones.append(Temperature(zone, register[3], instant(register[2]), warm_for))
    return zones


def _good(zone: str) -> list[str]:
    """The registers of readings within the limit."""
    return [f"{band}:{zone}" for band, limit in COLD_BANDS.items() if limit <= COLD_LIMIT]


def faults(entry: Entry) -> list[Fault]:
    """The faults that are active, as component, code and when they were raised."""
    active = []
    for name, register in _family(entry, "fault").items():
        component, code = (of_before(word) for word in name.split(":", 1))
        if register[3]:
            active.append(Fault(component, code, instant(register[2])))
    return active


def _family(entry: Mapping[str, Register], family: str) -> dict[str, Register]:
    """The registers ``family:rest`` by their rest, in order."""
    prefix = f"{family}:"
    return {name.removeprefix(prefix): entry[name] for name in sorted(entry) if name.startswith(prefix)}


def _reading(name: str, register: Register) -> Struct:
    shown = register[3 : 3 + len(REGISTERS[name].shown)]
    return READINGS[name](instant(register[2]), *shown)
