"""Writes over HTTP: what of the stores they work on."""

from __future__ import annotations

from vending import resources
from vending.catalog.machines import CatalogMachines
from vending.wiring import clients
from vending.wiring.once import once
from vending.wiring.uploads import hub_sender
from vending.writes.dead_letter_acts import LetterStores
from vending.writes.record_visit import VisitStores


def letter_stores() -> LetterStores:
    """Where dead letters lie, and where they are sent again."""
    from vending.adapters.packing import PackedDocuments

    conditions = PackedDocuments(clients.container("conditions"), "machines")
    letters = clients.blobs(resources.DEADLETTERS)
    return LetterStores(letters, hub_sender(), clients.container("machines"), conditions)


@once
def visit_stores() -> VisitStores:
    """Where visits are recorded; the catalog's machines are known to the process."""
    placed = CatalogMachines(clients.container("catalog"))
    return VisitStores(clients.container("machines"), hub_sender(), placed)
