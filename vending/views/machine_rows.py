"""Rows of lists of machines."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from vending.answer import Answer
from vending.views.answers.conditions import Fault, State, Temperature
from vending.views.answers.machines import Totals


class MachineRow(Answer, frozen=True, kw_only=True):
    """A machine in a list."""

    machine_id: str
    name: Annotated[str, Meta(description="As the catalog calls it, else its id.")]
    site: str | None
    site_name: str | None
    route: str | None
    state: State
    last_seen: str | None
    temperatures: list[Temperature]
    faults: list[Fault]
    door_open: bool | None
    power: str | None
    sold_out: Annotated[list[str], Meta(description="Selections.")]
    on_hand: Annotated[int, Meta(description="Units in the slots of which level and capacity are known.")]
    capacity: int
    totals: Totals
    last_vend: str | None
    missing_ledger_numbers: int
    lost_ledger_numbers: int
    alerts: Annotated[int, Meta(description="How many are open.")]
    rules: Annotated[list[str], Meta(description="Of the open alerts.")]
    defective: Annotated[bool, Meta(description="True: its stock document is malformed.")] | UnsetType = UNSET


class MachineList(Answer, frozen=True):
    """A page of the fleet."""

    machines: list[MachineRow]
    next: Annotated[str | None, Meta(description="`after` of the next page; null on the last one.")]
    total: Annotated[int, Meta(description="How many machines match.")]
