"""Temperature: the cold comes from a compressor, the warmth from doors, defrosting, faults and summers."""

import math

from simulator.machine import Model

MINUTE = 60_000
SETPOINT = 3.0
CUT_OFF = 5.0
LOCK_AFTER = 30 * MINUTE
"""A machine that is too warm for this long locks its perishable selections (food codes' health timer)."""
REFRIGERATION = "refrigeration EJJ"


def sample(model: Model, now: int) -> None:
    """The reading of every ten minutes; the machine's own health timer watches it."""
    follow(model, now)
    zone = model.spec.archetype.zone or "cabinet"
    celsius = round(model.temperature + 0.15 * model.dice.normal(), 1)
    model.tell(
        "temperature",
        {
            "zone": zone,
            "celsius": celsius,
            "setpoint": SETPOINT,
            "defrost": model.defrosting,
            "compressor": _cooling(model),
        },
    )
    _health_timer(model, now, zone, celsius)
    model.again("temperature", now + 10 * MINUTE)


def defrost(model: Model, now: int) -> None:
    """The compressor rests for twenty minutes, every eight hours."""
    follow(model, now)
    model.defrosting = not model.defrosting
    model.again("defrost", now + (20 * MINUTE if model.defrosting else 8 * 60 * MINUTE))


def follow(model: Model, now: int) -> None:
    """Bring the temperature up to date; called before anything that changes its course."""
    hours = (now - model.cooled_at) / (60 * MINUTE)
    model.cooled_at = now
    if model.door:
        target, pace = model.ambient, 1.5
    elif _cooling(model):
        # A compressor at its limit does not hold the set point on a very hot day.
        target, pace = SETPOINT + max(0.0, model.ambient - 32.0) * 0.6, 0.6
    else:
        target, pace = model.ambient, 6.0
    model.temperature = target + (model.temperature - target) * math.exp(-hours / pace)


def _cooling(model: Model) -> bool:
    return model.mains and not model.defrosting and REFRIGERATION not in model.faults


def _health_timer(model: Model, now: int, zone: str, celsius: float) -> None:
    if celsius <= CUT_OFF:
        model.warm_since = 0
        return
    model.warm_since = model.warm_since or now
    if now - model.warm_since < LOCK_AFTER or model.locked or not model.spec.archetype.counted:
        return
    model.locked = True
    locked = [slot.selection for slot in model.spec.slots]
    data = {"zone": zone, "celsius": celsius, "lockedSelections": locked, "cause": "EJH"}
    model.tell("health.lockout", data)
    model.sooner("visit", now + model.dice.between(2, 8) * 60 * MINUTE)
