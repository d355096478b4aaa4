"""All event types, by the name in ``io.vendstream.<name>.v1``; its family's module says all of one.

A new type in a family is found by itself; a new family is named here.
"""

from vending.events import (
    audits,
    cabinet,
    cash,
    climate,
    commands,
    device,
    faults,
    inventory,
    vends,
    visits,
)
from vending.events.base import REGISTERED, Data, LedgerEvent, Reading, Register

FAMILIES = (vends, inventory, climate, cabinet, faults, device, cash, visits, audits, commands)
"""In the order of the documents."""
_KINDS = ("ledger", "level", "reading")
_RANKS = {family.__name__: rank for rank, family in enumerate(FAMILIES)}


def _rank(named: tuple[str, type[Data]]) -> tuple[int, int]:
    _, shape = named
    return _KINDS.index(shape.kind), _RANKS.get(shape.__module__, len(_RANKS))


EVENT_TYPES: dict[str, type[Data]] = dict(sorted(REGISTERED.items(), key=_rank))
LEDGER: dict[str, type[LedgerEvent]] = {
    name: shape for name, shape in EVENT_TYPES.items() if issubclass(shape, LedgerEvent)
}
"""Those that are numbered in ``ledgersequence``."""
REGISTERS: dict[str, Register] = {
    register.name: register
    for shape in EVENT_TYPES.values()
    if issubclass(shape, Reading)
    for register in shape.writes
}
"""What readings write, by its name."""
