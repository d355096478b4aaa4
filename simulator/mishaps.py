"""What goes wrong with machines and their gateways: faults, mains, restarts; and their signs of life."""

from simulator import climate
from simulator.demand import DAY, HOUR
from simulator.machine import Model

MINUTE = 60_000
FAULTS = (
    "coin-mech EAR", "bill-validator ENE", "bill-validator ENF", "bill-validator ENK", "cashless EKM",
    "delivery ELA", "refrigeration EJJ", "temperature-sensor EOA", "changer OBK", "changer OBM",
    "cash-box OBO", "gateway EIK", "gateway EIN", "vmc EIL",
)  # fmt: skip
"""Component and EVA-DTS event code."""


def raise_fault(model: Model, now: int) -> None:
    """A fault begins; it ends by itself after hours, or with the next visit."""
    known = [x for x in FAULTS if x not in model.faults]
    if model.spec.archetype.zone is None:
        known.remove(climate.REFRIGERATION)
    fault = model.dice.pick(known)
    climate.follow(model, now)
    model.faults.append(fault)
    component, code = fault.split()
    model.tell("fault.raised", {"component": component, "code": code, "codeSystem": "eva"})
    if "repaired" not in model.due:
        model.again("repaired", now + model.dice.wait(6 * HOUR))
    model.again("fault", now + model.dice.wait(3 * DAY))
    if len(model.faults) >= len(FAULTS) - 2:
        model.sooner("visit", now + HOUR)


def clear_fault(model: Model, now: int) -> None:
    """The oldest fault ends."""
    climate.follow(model, now)
    component, code = model.faults.pop(0).split()
    model.tell("fault.cleared", {"component": component, "code": code, "codeSystem": "eva"})
    if model.faults:
        model.again("repaired", now + model.dice.wait(6 * HOUR))


def lose_power(model: Model, now: int) -> None:
    """The mains fail; the gateway says so from its battery."""
    if not model.mains:
        return
    climate.follow(model, now)
    model.mains = False
    model.tell("power", {"state": "off", "batteryPct": model.dice.between(60, 100)})
    model.again("mains", now + model.dice.wait(40 * MINUTE))


def regain_power(model: Model, now: int) -> None:
    """The mains are back: machine and gateway start anew."""
    climate.follow(model, now)
    model.mains = True
    model.tell("power", {"state": "on", "batteryPct": model.dice.between(5, 60)})
    model.tell("device.boot", {"reason": "power"})
    model.again("outage", now + model.dice.wait(30 * DAY))


def restart(model: Model, now: int) -> None:
    """The gateway restarts: a watchdog, or new firmware."""
    update = model.dice.chance(0.4)
    model.firmware += update
    model.tell("device.boot", {"reason": "update" if update else "watchdog"})
    model.again("restart", now + model.dice.wait(12 * DAY))


def heartbeat(model: Model, now: int) -> None:
    """A sign of life; without mains the battery saves its strength."""
    model.tell("device.heartbeat", {"rssiDbm": -model.dice.between(55, 110), "rat": "lte-m"})
    pace = model.spec.archetype.heartbeat_minutes * (1 if model.mains else 4)
    model.again("heartbeat", now + pace * MINUTE)
