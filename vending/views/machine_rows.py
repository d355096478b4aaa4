"""Rows of lists of machines."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from vending.views.condition_view import State

Revenue = Annotated[dict[str, int], Meta(description="ISO 4217 currency → minor units.")]


class Temperature(Struct, frozen=True, rename="camel"):
    """The newest reading of a zone."""

    zone: str
    celsius: float
    at: str
    warm_for_s: int | UnsetType = UNSET


class ActiveFault(Struct, frozen=True, rename="camel"):
    """A fault that is active."""

    component: str
    code: str
    at: str


class Totals(Struct, frozen=True, rename="camel"):
    """What a machine counted since it is known."""

    vends: int
    units: int
    free: int
    test: int
    failures: int
    restocks: int
    collections: int
    revenue: Revenue


class MachineRow(Struct, frozen=True, rename="camel", kw_only=True):
    """A machine in a list."""

    machine_id: str
    name: Annotated[str, Meta(description="As the catalog calls it, else its id.")]
    site: str | None
    site_name: str | None
    route: str | None
    state: State
    last_seen: str | None
    temperatures: list[Temperature]
    faults: list[ActiveFault]
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


class MachineList(Struct, frozen=True, rename="camel"):
    """A page of the fleet."""

    machines: list[MachineRow]
    next: Annotated[str | None, Meta(description="`after` of the next page; null on the last one.")]
    total: Annotated[int, Meta(description="How many machines match.")]
