"""Commands: who asks for them, who fetches them, and where they are."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from vending.catalog.machines import CatalogMachines
from vending.commands.fetch_commands import CommandPolls, Places
from vending.views.commands import FleetCommands
from vending.wiring import clients
from vending.wiring.once import once
from vending.wiring.process import settings

if TYPE_CHECKING:
    from vending.adapters.cosmos import CosmosDocuments


def commands() -> CosmosDocuments:
    """Commands to machines: /machineId."""
    return clients.container("commands")


@once
def fleet_commands() -> FleetCommands:
    """Where people order, look and take back."""
    placed = CatalogMachines(clients.container("catalog"))
    return FleetCommands(commands(), placed, partial(secrets.token_hex, 8))


@once
def command_polls() -> CommandPolls:
    """Where devices ask; the places for those that wait are this process's."""
    places = Places(int(settings().command_waits))
    pace = int(settings().command_poll_seconds)
    return CommandPolls(commands(), pace, places, partial(datetime.now, UTC))
