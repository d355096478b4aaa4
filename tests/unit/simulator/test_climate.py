"""Temperature: doors, defrosting, faults and summers warm a machine; its compressor brings the cold back."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import climate
from simulator.demand import HOUR
from simulator.dice import Dice
from simulator.fleet import Fleet
from simulator.machine import Model
from tests.unit.simulator.deliveries import START

MINUTE = 60_000
Change = Callable[[Model], None]
COLD = next(x for x in map(Fleet(1, 40).machine, range(40)) if x.archetype.name == "cold")


def cold() -> Model:
    """A cold drinks machine at its set point."""
    model = Model(COLD, Dice.of("climate"), START)
    model.temperature = climate.SETPOINT
    return model


def open_door(model: Model) -> None:
    model.door = START


def rest(model: Model) -> None:
    model.defrosting = True


def break_down(model: Model) -> None:
    model.faults.append(climate.REFRIGERATION)


def lose_mains(model: Model) -> None:
    model.mains = False


@pytest.mark.parametrize("trouble", [open_door, rest, break_down, lose_mains])
def test_it_gets_warm_and_cold_again(trouble: Change) -> None:
    model = cold()
    trouble(model)
    climate.follow(model, START + 20 * MINUTE)
    warm = model.temperature
    assert climate.SETPOINT + 0.5 < warm < model.ambient
    model.door, model.defrosting, model.mains = 0, False, True
    model.faults.clear()
    climate.follow(model, START + 50 * MINUTE)
    assert climate.SETPOINT < model.temperature < warm
    climate.follow(model, START + 5 * HOUR)
    assert model.temperature == pytest.approx(climate.SETPOINT, abs=0.1)


def test_an_open_door_warms_faster_than_a_resting_compressor() -> None:
    opened, resting = cold(), cold()
    open_door(opened)
    rest(resting)
    for model in (opened, resting):
        climate.follow(model, START + 20 * MINUTE)
    assert opened.temperature > resting.temperature + 1


def test_a_machine_defrosts_for_twenty_minutes_every_eight_hours() -> None:
    model, now, told = cold(), START, []
    for _ in range(6):
        climate.defrost(model, now)
        told.append((model.defrosting, now - START))
        now = model.due["defrost"]
    minutes = [(resting, at // MINUTE) for resting, at in told]
    assert minutes == [(True, 0), (False, 20), (True, 500), (False, 520), (True, 1000), (False, 1020)]


def nothing(_: Model) -> None:
    """All is well."""


steps = st.tuples(
    st.sampled_from([open_door, rest, break_down, lose_mains, nothing]), st.integers(1, 10 * HOUR)
)


@given(st.lists(steps, max_size=20), st.floats(15, 32))
def test_it_stays_between_the_set_point_and_the_room(
    course: list[tuple[Change, int]], ambient: float
) -> None:
    model, now = cold(), START
    model.ambient = ambient
    for change, length in course:
        model.door, model.defrosting, model.mains = 0, False, True
        model.faults.clear()
        change(model)
        now += length
        climate.follow(model, now)
        assert climate.SETPOINT - 0.001 <= model.temperature <= ambient


def test_too_warm_for_half_an_hour_locks_the_machine_until_somebody_comes() -> None:
    model, now = cold(), START
    break_down(model)
    while not model.locked:
        climate.sample(model, now)
        now = model.due["temperature"]
    told = [(name, data) for name, data in model.facts if name == "health.lockout"]
    assert [data["cause"] for _, data in told] == ["EJH"]
    assert told[0][1]["lockedSelections"] == [slot.selection for slot in COLD.slots]
    assert now - model.warm_since >= climate.LOCK_AFTER
    assert model.due["visit"] <= now + 8 * HOUR
