"""Credentials of devices, issued, renewed and revoked: in the catalog, and at the hub."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vending.catalog import devices
from vending.documents.base import load
from vending.documents.devices import KIND, Device, EpochCounter
from vending.documents.stock import MachineStock
from vending.events.publishers import Publisher
from vending.ingest.stored_conditions import of_fleet
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict


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

    async def attempt() -> Publisher:
        entry, etag = await _device(stores, device)
        counter, counter_etag = await _counter(stores, machine)
        epoch = await _next(stores, machine, counter)
        publisher = Publisher(device, machine, epoch)
        puts = [
            Put(devices.issued(entry, publisher, now, expires).dump(), etag),
            Put(devices.counted(counter, machine, epoch).dump(), counter_etag),
        ]
        await stores.catalog.write(KIND, puts)
        return publisher

    return await retry_on_conflict(f"the entry of {device}", attempt)


async def renew(stores: DeviceStores, device: str, machine: str, expires: datetime) -> Publisher:
    """The publisher that the machine's newest credential opens, for a token that holds longer.

    Raises ValueError where none was issued or it is revoked, Transient.
    """

    async def attempt() -> Publisher:
        entry, etag = await _device(stores, device)
        document, publisher = devices.renewed(entry, device, machine, expires)
        await stores.catalog.write(KIND, [Put(document.dump(), etag)])
        return publisher

    return await retry_on_conflict(f"the entry of {device}", attempt)


async def revoke(
    stores: DeviceStores, hub: Revocations, device: str, machine: str | None, now: datetime
) -> list[str]:
    """Shut out a device's publishers, for one machine or all, and put that on record; their names.

    The publisher of the device's name alone is among them: before names said the machine, credentials opened
    that. Interrupted, it is run again. Raises ValueError, Transient.
    """

    async def attempt() -> list[str]:
        entry, etag = await _device(stores, device)
        puts: list[Put] = []
        names: list[str] = []
        if entry is not None:
            document, names = devices.revoked(entry, device, machine, now)
            puts = [Put(document.dump(), etag)]
        names.append(device)
        for name in names:
            await hub.add(name)
        if puts:
            await stores.catalog.write(KIND, puts)
        return names

    return await retry_on_conflict(f"the entry of {device}", attempt)


async def _device(stores: DeviceStores, name: str) -> tuple[Device | None, str | None]:
    stored = await stores.catalog.read(KIND, name)
    return (load(stored.body, Device), stored.etag) if stored else (None, None)


async def _counter(stores: DeviceStores, machine: str) -> tuple[EpochCounter | None, str | None]:
    stored = await stores.catalog.read(KIND, devices.counter_id(machine))
    return (load(stored.body, EpochCounter), stored.etag) if stored else (None, None)


async def _next(stores: DeviceStores, machine: str, counter: EpochCounter | None) -> int:
    stored = await stores.machines.read(machine, "stock")
    stock = load(stored.body, MachineStock) if stored else None
    entry = (await of_fleet(stores.conditions)).get(machine, {})
    return devices.next_epoch(stock, entry, counter)
