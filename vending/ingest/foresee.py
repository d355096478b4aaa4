"""What ingest would make of events now: folded as it folds them, and nothing is written.

So whoever sends an event again knows before whether it would be refused, and after whether it was applied:
then it tells nothing new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from vending.documents.base import load
from vending.documents.conditions import Entry
from vending.documents.stock import MachineStock
from vending.errors import Rejected
from vending.events.event import Event, parse
from vending.events.hub_event import HubEvent
from vending.events.uptimes import dated
from vending.ingest.commit_stock import fold_beside_ledger
from vending.ingest.stored_conditions import of_fleet
from vending.ports import Documents
from vending.state import conditions, stock

Fate = Literal["new", "applied"] | Rejected
"""``applied``: what it says is counted, or covered by something newer."""
NOWHERE = ""
"""The generation of events that are judged: of no hub, so that none is taken for a redelivery."""


async def foresee(events: Sequence[HubEvent], machines: Documents, registers: Documents) -> dict[str, Fate]:
    """The fate of each event, by its position. Raises Transient."""
    fates: dict[str, Fate] = {}
    valid: dict[str, list[Event]] = {}
    for hub in events:
        try:
            event = parse(replace(hub, generation=NOWHERE))
        except Rejected as fault:
            fates[hub.position] = fault
        else:
            valid.setdefault(event.machine, []).append(event)
    fleet = await of_fleet(registers) if valid else {}
    judgements: dict[str, Fate] = {}
    for machine, own in valid.items():
        own = dated(own)
        readings = {event.hub.position: _reading(fleet.get(machine, {}), event) for event in own}
        judgements |= readings | await _stocked(machine, own, readings, machines)
    return fates | {
        hub.position: judgements[replace(hub, generation=NOWHERE).position]
        for hub in events
        if hub.position not in fates
    }


def _reading(entry: Entry, event: Event) -> Fate:
    try:
        conditions.merge(entry, event)
    except Rejected as fault:
        return fault
    return "applied" if conditions.covers(entry, event) else "new"


async def _stocked(
    machine: str, events: Sequence[Event], readings: Mapping[str, Fate], machines: Documents
) -> dict[str, Fate]:
    """Of ledger events and levels. What the registers say of an event counts where the stock knows it."""
    stored = await machines.read(machine, "stock")
    held = load(stored.body, MachineStock) if stored else stock.empty(machine)
    fates: dict[str, Fate] = {}
    for event in events:
        if event.stocked and event.ledger is None:
            level = stock.fold(held, [event])
            fates[event.hub.position] = _fate(level.changed, readings[event.hub.position])
            fates |= {hub.position: fault for hub, fault in level.rejected}
    ledger = [event for event in events if event.ledger is not None]
    folded, refused = await fold_beside_ledger(machine, held, ledger, machines)
    new = {(device, epoch, line["ledger"]) for device, epoch, line in folded.lines}
    for event in ledger:
        number = (event.device, event.envelope.deviceepoch, event.ledger)
        fates[event.hub.position] = _fate(number in new, readings[event.hub.position])
    return fates | {hub.position: fault for hub, fault in refused}


def _fate(new: bool, reading: Fate) -> Fate:
    return "new" if new else reading
