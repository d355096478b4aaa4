"""Credentials of devices, issued, renewed and revoked: in the catalog, and at the hub."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vending.catalog import devices
from vending.documents.base import load
from vending.documents.devices import KIND, Device, EpochCounter
from vending.documents.stock import MachineStock
from vending.errors import Conflict, Transient
from vending.events.publishers import Publisher
from vending.ports import Documents, Put
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
        entry, etag = await _device(stores, device)
        counter, counter_etag = await _counter(stores, machine)
        epoch = await _next(stores, machine, counter)
        publisher = Publisher(device, machine, epoch)
        puts = [
            Put(devices.issued(entry, publisher, now, expires).dump(), etag),
            Put(devices.counted(counter, machine, epoch).dump(), counter_etag),
        ]
        try:
            await stores.catalog.write(KIND, puts)
        except Conflict:
            continue
        return publisher
    raise _contended(device)


async def renew(stores: DeviceStores, device: str, machine: str, expires: datetime) -> Publisher:
    """The publisher that the machine's newest credential opens, for a token that holds longer.

    Raises ValueError where none was issued or it is revoked, Transient.
    """
    for _ in range(ROUNDS):
        entry, etag = await _device(stores, device)
        document, publisher = devices.renewed(entry, device, machine, expires)
        try:
            await stores.catalog.write(KIND, [Put(document.dump(), etag)])
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
        entry, etag = await _device(stores, device)
        puts: list[Put] = []
        names: list[str] = []
        if entry is not None:
            document, names = devices.revoked(entry, device, machine, now)
            puts = [Put(document.dump(), etag)]
        names.append(device)
        for name in names:
            await hub.add(name)
        try:
            if puts:
                await stores.catalog.write(KIND, puts)
        except Conflict:
            continue
        return names
    raise _contended(device)


async def _device(stores: DeviceStores, name: str) -> tuple[Device | None, str | None]:
    stored = await stores.catalog.read(KIND, name)
    return (load(stored.body, Device), stored.etag) if stored else (None, None)


async def _counter(stores: DeviceStores, machine: str) -> tuple[EpochCounter | None, str | None]:
    stored = await stores.catalog.read(KIND, devices.counter_id(machine))
    return (load(stored.body, EpochCounter), stored.etag) if stored else (None, None)


async def _next(stores: DeviceStores, machine: str, counter: EpochCounter | None) -> int:
    stored = await stores.machines.read(machine, "stock")
    stock = load(stored.body, MachineStock) if stored else None
    registers = [one.body async for one in stores.conditions.select(None, ("type", "=", "conditions"))]
    entry = conditions.merged(registers).get(machine, {})
    return devices.next_epoch(stock, entry, counter)


def _contended(device: str) -> Transient:
    return Transient(f"others write the entry of {device} all the while: run it again")
