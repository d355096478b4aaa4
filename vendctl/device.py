"""What a board needs to send: a publisher token and its epoch; renewed, or revoked.

The token opens one publisher of the hub for sending and nothing else. The publisher's name says device,
machine and epoch, the hub stamps every event with it, and ingest refuses what it does not cover. The token is
signed here, with the key of the hub's policy ``devices`` from the setting ``DEVICES`` (a connection string).
Without an option the machine's next epoch is issued, for a new board or one that lost its storage.
``--renew`` gives the same board a token that holds longer; ``--revoke`` shuts it out, by the connection
``EVENTHUB``.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vendctl.credentials import credentials
from vendctl.issuing import DeviceStores, issue, renew, revoke
from vendctl.revoking import RevokedPublishers
from vending import wiring
from vending.access.policy_keys import parts
from vending.events.envelope import Identifier

NAME = re.compile(Identifier)
"""Of devices and machines: exactly the names that ingest takes."""


async def issued(
    environment: Mapping[str, str], device: str, machine: str, days: int, *, renewing: bool
) -> dict[str, Any]:
    """Credentials with the machine's next epoch, or (``renewing``) with the one the device has. A secret.

    Raises ValueError, VendstreamError.
    """
    hub, now = wiring.settings().telemetry_hub, datetime.now(UTC)
    connection, expires = environment.get("DEVICES", ""), now + timedelta(days=days)
    parts(connection, hub)  # before anything is put on record
    if renewing:
        publisher = await renew(_stores(), device, machine, expires)
    else:
        publisher = await issue(_stores(), device, machine, now, expires)
    found = credentials(connection, hub, publisher, expires)
    return found | {"machineId": publisher.machine, "deviceepoch": publisher.epoch}


async def revoked(environment: Mapping[str, str], device: str, machine: str | None) -> dict[str, Any]:
    """Which publishers of the device, for one machine or all, were shut out. Raises ValueError,
    VendstreamError."""
    hub = RevokedPublishers(environment, wiring.settings().telemetry_hub)
    names = await revoke(_stores(), hub, device, machine, datetime.now(UTC))
    return {"deviceId": device, "revoked": names}


def _stores() -> DeviceStores:
    return DeviceStores(wiring.catalog(), wiring.machines(), wiring.conditions())
