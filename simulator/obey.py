"""What a device does with the commands that it fetched: each id once, and its result as an event.

It remembers ids and outcomes with the rest of its state. A run that ended uncleanly has lost that, and begins
the next epoch, which is never given what an earlier one was.
"""

import hashlib
from collections.abc import Collection
from typing import Any

from simulator.device import iso
from simulator.link import Due
from simulator.machine import Model
from simulator.unit import Unit

REMEMBERED = 64
"""The newest ids."""


class Refused(Exception):
    """Why a command cannot be done, for its result."""


def obey(unit: Unit, now: int, command: dict[str, Any]) -> list[Due]:
    """What goes out because of it; of one that was done before, its result again."""
    name = command["commandId"]
    if name not in unit.obeyed:
        unit.obeyed[name] = _outcome(unit, now, command["action"])
        for oldest in list(unit.obeyed)[:-REMEMBERED]:
            del unit.obeyed[oldest]
    unit.model.tell("command.result", {"commandId": name} | unit.obeyed[name])
    return unit.told(now)


def _outcome(unit: Unit, now: int, action: dict[str, Any]) -> dict[str, str]:
    try:
        _do(unit, now, action)
    except Refused as fault:
        return {"status": "failed", "error": str(fault)}
    return {"status": "succeeded"}


def _do(unit: Unit, now: int, action: dict[str, Any]) -> None:
    model = unit.model
    match action["kind"]:
        case "lock":
            model.denied = sorted({*model.denied, *_selections(model, action.get("selections"))})
        case "unlock":
            model.denied = sorted({*model.denied} - {*_selections(model, action.get("selections"))})
        case "price-list":
            _price(model, action)
        case "reboot":
            model.tell("device.boot", {"reason": "command"})
        case "read-audit":
            model.tell("audit.dex", _audit(model, iso(unit.stamp(now))))
        case kind:
            raise Refused(f"unknown kind {kind}")


def _selections(model: Model, named: Collection[str] | None) -> Collection[str]:
    """Those that are named, or all. Raises Refused for one that the machine does not have."""
    own = [slot.selection for slot in model.spec.slots]
    if unknown := sorted(set(named or ()) - set(own)):
        raise Refused(f"no selection {', '.join(unknown)}"[:120])
    return own if named is None else named


def _price(model: Model, action: dict[str, Any]) -> None:
    if action["currency"] != model.spec.site.currency:
        raise Refused(f"the machine takes {model.spec.site.currency}")
    _selections(model, action["prices"])
    model.prices |= action["prices"]
    model.tell("price.applied", {"version": action["version"]})


def _audit(model: Model, at: str) -> dict[str, Any]:
    """The machine's meters as EVA-DTS: of all paid vends, and of each selection's."""
    paid = [model.meters.get(slot.selection, [0, 0]) for slot in model.spec.slots]
    lines = [f"ID1*{model.spec.id}*SIM*0001", f"VA1*{sum(x[1] for x in paid)}*{sum(x[0] for x in paid)}"]
    for slot, (units, minor) in zip(model.spec.slots, paid, strict=True):
        lines += [f"PA1*{slot.selection}*{slot.price}", f"PA2*{units}*{minor}"]
    body = ["DXS*SIM0000000*VA*V1/1*1", "ST*001*0001", *lines, f"SE*{len(lines) + 2}*0001", "DXE*1*1"]
    text = "\r\n".join(body) + "\r\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"readAt": at, "trigger": "schedule", "sha256": digest, "body": text}
