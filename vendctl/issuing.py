"""Credentials of devices, issued, renewed and revoked: in the catalog, and at the hub."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vending.catalog import devices
from vending.errors import Conflict, Transient
from vending.events.publishers import Publisher
from vending.ports import Documents, Put, Stored
from vending.state import conditions

ROUNDS = 8
"""How often somebody else's write is answered by reading again."""


class Revocations(Protocol):
    """The hub's list of publishers that may not send."""

    async def add(self, publisher: str) -> None:
        """Put one on it; nothing happens where it is. Raises ValueError, Transient."""
        ...


@dataclass(frozen=True)
class DeviceStores:
    """What is known of devices and machines."""

    catalog: Documents
    machines: Documents
    conditions: Documents


async def issue(
    stores: DeviceStores, device: str, machine: str, now: datetime, expires: datetime
) -> Publisher:
    """A publisher with the machine's next epoch, on record before anybody has a token for it.

    Two issues at a time get two epochs: the machine's counter is written with the device's entry, both
    If-Match. Raises ValueError for names and epochs that ingest would refuse, Transient.
    """
    for _ in range(ROUNDS):
        entry, counter = await _read(stores, device), await _read(stores, devices.counter_id(machine))
        epoch = await _next(stores, machine, counter)
        publisher = Publisher(device, machine, epoch)
        puts = [
            Put(devices.issued(_body(entry), publisher, now, expires), _etag(entry)),
            Put(devices.counted(machine, epoch), _etag(counter)),
        ]
        try:
            await stores.catalog.write(devices.KIND, puts)
        except Conflict:
            continue
        return publisher
    raise _contended(device)


async def renew(stores: DeviceStores, device: str, machine: str, expires: datetime) -> Publisher:
    """The publisher that the machine's newest credential opens, for a token that holds longer.

    Raises ValueError where none was issued or it is revoked, Transient.
    """
    for _ in range(ROUNDS):
        entry = await _read(stores, device)
        document, publisher = devices.renewed(_body(entry), device, machine, expires)
        try:
            await stores.catalog.write(devices.KIND, [Put(document, _etag(entry))])
        except Conflict:
            continue
        return publisher
    raise _contended(device)


async def revoke(
    stores: DeviceStores, hub: Revocations, device: str, machine: str | None, now: datetime
) -> list[str]:
    """Shut out a device's publishers, for one machine or all, and put that on record; their names.

    The publisher of the device's name alone is among them: before names said the machine, credentials opened
    that. Interrupted, it is run again. Raises ValueError, Transient.
    """
    for _ in range(ROUNDS):
        entry = await _read(stores, device)
        puts: list[Put] = []
        names: list[str] = []
        if entry is not None:
            document, names = devices.revoked(entry.body, device, machine, now)
            puts = [Put(document, entry.etag)]
        names.append(device)
        for name in names:
            await hub.add(name)
        try:
            if puts:
                await stores.catalog.write(devices.KIND, puts)
        except Conflict:
            continue
        return names
    raise _contended(device)


async def _read(stores: DeviceStores, name: str) -> Stored | None:
    stored = await stores.catalog.read(devices.KIND, name)
    devices.known(_body(stored))
    return stored


async def _next(stores: DeviceStores, machine: str, counter: Stored | None) -> int:
    stock = await stores.machines.read(machine, "stock")
    registers = [one.body async for one in stores.conditions.select(None, ("type", "=", "conditions"))]
    entry = conditions.merged(registers).get(machine, {})
    return devices.next_epoch(_body(stock), entry, _body(counter))


def _body(stored: Stored | None) -> devices.Document | None:
    return None if stored is None else stored.body


def _etag(stored: Stored | None) -> str | None:
    return None if stored is None else stored.etag


def _contended(device: str) -> Transient:
    return Transient(f"others write the entry of {device} all the while: run it again")
