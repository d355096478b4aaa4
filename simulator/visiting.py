"""People at the machine: installing, filling, collecting; and what the machine counts for them."""

from typing import Any

from simulator import climate, selling
from simulator.demand import HOUR
from simulator.machine import Model

MINUTE = 60_000


def install(model: Model, now: int) -> None:
    """The first start: what the machine is and holds."""
    model.tell("device.boot", {"reason": "install"})
    model.tell("power", {"state": "on", "batteryPct": 100})
    model.tell("door", {"open": False})
    tell_levels(model)
    model.tell("cash.level", model.cash.level())
    _start_processes(model, now)


def tell_levels(model: Model) -> None:
    """All absolute levels, with capacities."""
    if model.spec.archetype.counted:
        rows: list[dict[str, Any]] = [
            {
                "selection": slot.selection,
                "level": model.levels[slot.selection],
                "source": "count",
                "capacity": slot.capacity,
                "par": slot.par,
            }
            for slot in model.spec.slots
        ]
    else:
        rows = [
            {"selection": name, "level": level, "source": "sensor", "capacity": 100}
            for name, level in model.levels.items()
        ]
    model.tell("inventory.level", {"selections": rows})


def report_levels(model: Model, now: int) -> None:
    """Cartridges have sensors."""
    tell_levels(model)
    model.again("levels", now + 4 * HOUR)


def report_cash(model: Model, now: int) -> None:
    """The coin mechanism's figures."""
    model.tell("cash.level", model.cash.level())
    model.again("cash", now + 6 * HOUR)


def arrive(model: Model, now: int) -> None:
    """Somebody opens the machine, when it needs it or a few days have passed."""
    if not model.mains:
        model.again("visit", now + 2 * HOUR)
        return
    if now < model.unattended_until:
        model.again("visit", model.unattended_until + model.dice.between(0, 8 * HOUR))
        return
    climate.follow(model, now)
    model.visits += 1
    reason = "repair" if model.faults or model.locked else "fill"
    model.visit = [f"visit-{model.spec.id}-{model.visits:05d}", reason]
    model.door = now
    model.tell("visit.started", {"visitId": model.visit[0], "reason": reason, "userRef": _person(model)})
    model.tell("door", {"open": True})
    model.again("fill", now + model.dice.between(3, 12) * MINUTE)


def fill(model: Model, now: int) -> None:
    """Stock, faults, the box, the tubes; and at times a test vend."""
    assert model.visit is not None, "a machine is filled during a visit"
    model.locked, model.warm_since = False, 0
    for fault in list(model.faults):
        component, code = fault.split()
        model.tell("fault.cleared", {"component": component, "code": code, "codeSystem": "eva"})
    model.faults.clear()
    model.due.pop("repaired", None)
    model.tell("inventory.restocked", {"visitId": model.visit[0], "lines": _lines(model)})
    if model.cash.bills + model.cash.box > 2000 or model.dice.chance(0.3):
        _collect(model)
    model.cash.top_up()
    model.tell("cash.level", model.cash.level())
    if model.spec.archetype.counted and model.dice.chance(0.4):
        selling.dispense(model, model.dice.pick(model.spec.slots), selling.Sale(1, "test", 0))
    model.again("leave", now + model.dice.between(1, 6) * MINUTE)


def leave(model: Model, now: int) -> None:
    """The door closes."""
    assert model.visit is not None, "one leaves after a visit"
    climate.follow(model, now)
    model.tell("door", {"open": False, "durationS": (now - model.door) // 1000})
    model.tell("visit.ended", {"visitId": model.visit[0], "reason": model.visit[1]})
    model.door, model.visit = 0, None
    pace = 60 / max(10.0, model.spec.vends_per_day)
    model.again("visit", now + int(model.dice.uniform(0.7, 1.3) * pace * 40 * HOUR))


def _start_processes(model: Model, now: int) -> None:
    """Once a machine is installed: everything that goes on for ever."""
    dice = model.dice
    model.again("vend", now + 1)
    model.again("heartbeat", now + dice.between(0, 15 * MINUTE))
    model.again("cash", now + dice.between(0, 6 * HOUR))
    model.again("visit", now + dice.between(4 * HOUR, 60 * HOUR))
    model.again("fault", now + dice.wait(3 * 24 * HOUR))
    model.again("outage", now + dice.wait(30 * 24 * HOUR))
    model.again("restart", now + dice.wait(12 * 24 * HOUR))
    if model.spec.archetype.zone is not None:
        model.again("temperature", now + dice.between(0, 10 * MINUTE))
        model.again("defrost", now + dice.between(HOUR, 8 * HOUR))
    if not model.spec.archetype.counted:
        model.again("levels", now + dice.between(HOUR, 4 * HOUR))


def _lines(model: Model) -> list[dict[str, Any]]:
    aims = (
        {slot.selection: slot.capacity for slot in model.spec.slots}
        if model.spec.archetype.counted
        else dict.fromkeys(model.levels, 100)
    )
    lines = []
    for selection, aim in aims.items():
        before = model.levels[selection]
        spoiled = model.dice.between(1, 2) if before > 4 and model.dice.chance(0.03) else 0
        added = max(0, aim - before + spoiled)
        after = before - spoiled + added
        if added or spoiled:
            model.levels[selection] = after
            row = {"selection": selection, "before": before, "added": added, "after": after}
            lines.append(row | ({"removed": 0, "spoiled": spoiled} if spoiled else {}))
    if not lines:  # a visit that found nothing to fill still states a level
        selection, level = next(iter(model.levels.items()))
        lines = [{"selection": selection, "before": level, "added": 0, "after": level}]
    return lines


def _collect(model: Model) -> None:
    assert model.visit is not None, "money is collected during a visit"
    box, bills = model.cash.collect()
    short = model.dice.between(0, 5) * 10 if model.dice.chance(0.1) else 0
    data = {
        "visitId": model.visit[0],
        "bagId": f"bag-{model.dice.between(0, 999_999):06d}",
        "currency": model.cash.currency,
        "boxMinor": box,
        "billsMinor": bills,
        "countedMinor": max(0, box + bills - short),
    }
    model.tell("cash.collected", data)


def _person(model: Model) -> str:
    return f"user-{model.dice.between(1, 12):02d}"
