"""``vendctl device``: what a board needs to send: a publisher token and its epoch; renewed, or revoked.

The token opens one publisher of the hub for sending and nothing else. The publisher's name says device,
machine and epoch, the hub stamps every event with it, and ingest refuses what it does not cover. The token is
signed here, with the key of the hub's policy ``devices`` from the setting ``DEVICES`` (a connection string).
Without an option the machine's next epoch is issued, for a new board or one that lost its storage.
``--renew`` gives the same board a token that holds longer; ``--revoke`` shuts it out, by the connection
``EVENTHUB``.
"""

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vendctl.credentials import credentials, parts
from vendctl.environment import load
from vendctl.issuing import DeviceStores, issue, renew, revoke
from vendctl.revoking import RevokedPublishers
from vending import wiring
from vending.domain.events import Identifier
from vending.errors import VendstreamError

NAME = re.compile(Identifier)
"""Of devices and machines: exactly the names that ingest takes."""


async def issued(
    environment: Mapping[str, str], device: str, machine: str, days: int, renewing: bool
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


async def _run(asked: argparse.Namespace) -> dict[str, Any]:
    try:
        if asked.revoke:
            return await revoked(os.environ, asked.device, asked.machine)
        return await issued(os.environ, asked.device, asked.machine, asked.days, asked.renew)
    finally:
        await wiring.close()


def main(argv: list[str]) -> int:
    """The command: one JSON object, with a secret in it unless it revokes; 1 when it cannot be done."""
    parser = argparse.ArgumentParser(prog="vendctl device", description=__doc__)
    parser.add_argument("device", help="the board's name: in events, source is /devices/{device}")
    parser.add_argument("--machine", help="the machine that it is built into; revoking: without, all of them")
    parser.add_argument("--days", type=int, default=30, help="how long the token holds; default 30")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--renew", action="store_true", help="a new token for the epoch that it has")
    action.add_argument("--revoke", action="store_true", help="refuse what it sends from now on")
    parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    asked = parser.parse_args(argv)
    names = [asked.device, *([] if asked.machine is None else [asked.machine])]
    if asked.machine is None and not asked.revoke:
        parser.error("the following arguments are required: --machine")
    if asked.days < 1 or not all(NAME.fullmatch(name) for name in names):
        parser.error("--days is at least 1; names are up to 64 of A-Z a-z 0-9 . _ -, a letter or digit first")
    os.environ.update(load(asked.settings, os.environ))
    try:
        print(json.dumps(asyncio.run(_run(asked)), indent=2))
    except (ValueError, VendstreamError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0
