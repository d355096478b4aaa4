"""A machine over time: processes that fall due, each telling what happened.

A process is a function ``(machine, now) -> None`` that tells facts and says when it is due again; which facts
reach whom is the device's affair (:mod:`simulator.device`).
"""

from collections.abc import Callable

from simulator import climate, mishaps, selling, visiting
from simulator.machine import Fact, Model

PROCESSES: dict[str, Callable[[Model, int], None]] = {
    "install": visiting.install,
    "vend": selling.vend,
    "quiet": selling.await_buyer,
    "levels": visiting.report_levels,
    "temperature": climate.sample,
    "defrost": climate.defrost,
    "cash": visiting.report_cash,
    "visit": visiting.arrive,
    "fill": visiting.fill,
    "leave": visiting.leave,
    "fault": mishaps.raise_fault,
    "repaired": mishaps.clear_fault,
    "outage": mishaps.lose_power,
    "mains": mishaps.regain_power,
    "restart": mishaps.restart,
    "heartbeat": mishaps.heartbeat,
}


def step(model: Model) -> tuple[int, list[Fact]]:
    """Run the process that is due first: its time, and what it told."""
    now, process = min((at, process) for process, at in model.due.items())
    del model.due[process]
    PROCESSES[process](model, now)
    told, model.facts = model.facts, []
    return now, told
