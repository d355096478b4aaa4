"""How a machine is, for people: its registers as JSON with names, units and ISO 8601 times.

Only absolute times are told, never ages, so that a view changes when something happened and not with the
clock; the one exception is the state, which turns to silent by itself.
"""

from collections.abc import Mapping
from typing import Any, Literal

from vending.business_day import instant
from vending.documents.conditions import Entry, Register
from vending.events.climate import COLD_BANDS, COLD_LIMIT
from vending.events.event_types import REGISTERS
from vending.state.conditions import of_before

State = Literal["online", "silent", "imported", "never"]
"""Imported: only somebody's imports are known of it, which say nothing about whether it lives. Never: no
event of it has come."""


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


def describe(entry: Entry, silent_before: int) -> dict[str, Any]:
    """All that is known of the machine's condition; what was never reported is left out."""
    seen = last_seen(entry)
    said: dict[str, Any] = {"state": state(entry, silent_before)}
    if seen is not None:
        said |= {"lastSeen": instant(seen), "clock": entry["seen"][3]}
    said["temperatures"] = temperatures(entry)
    said["faults"] = faults(entry)
    for name, register in REGISTERS.items():
        if register.shown and name in entry:
            said[name] = _named(entry[name], register.shown)
    return said


def temperatures(entry: Entry) -> list[dict[str, Any]]:
    """Each zone's newest reading. ``warmForS`` is there when a zone that was cold once is too warm now.

    Seconds from the newest good reading to the newest one: what the two registers know, and no guess.
    """
    zones = []
    for zone, register in _family(entry, "temp").items():
        view = {"zone": zone, "celsius": register[3], "at": instant(register[2])}
        good = max((entry[name] for name in _good(zone) if name in entry), default=None)
        if register[3] > COLD_LIMIT and good is not None:
            view["warmForS"] = max(0, register[2] - good[2]) // 1000
        zones.append(view)
    return zones


def _good(zone: str) -> list[str]:
    """The registers of readings within the limit."""
    return [f"{band}:{zone}" for band, limit in COLD_BANDS.items() if limit <= COLD_LIMIT]


def faults(entry: Entry) -> list[dict[str, Any]]:
    """The faults that are active, as component, code and when they were raised."""
    active = []
    for name, register in _family(entry, "fault").items():
        component, code = (of_before(word) for word in name.split(":", 1))
        if register[3]:
            active.append({"component": component, "code": code, "at": instant(register[2])})
    return active


def _family(entry: Mapping[str, Register], family: str) -> dict[str, Register]:
    """The registers ``family:rest`` by their rest, in order."""
    prefix = f"{family}:"
    return {name.removeprefix(prefix): entry[name] for name in sorted(entry) if name.startswith(prefix)}


def _named(register: Register, fields: tuple[str, ...]) -> dict[str, Any]:
    return {"at": instant(register[2])} | dict(zip(fields, register[3:], strict=False))
