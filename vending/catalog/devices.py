"""What was issued to devices: :mod:`vending.documents.devices`, which operators' commands write.

A device's entry and its machine's counter of epochs are in one partition, so that they are written together.
"""

from datetime import UTC, datetime
from enum import StrEnum

from msgspec.structs import replace

from vending.documents.conditions import Entry
from vending.documents.devices import Credential, Device, EpochCounter
from vending.documents.stock import MachineStock
from vending.events.publishers import MAX_EPOCH, Publisher, build

KEPT = 50
"""Credentials that an entry remembers: one a board's life, so these are years."""


class Standing(StrEnum):
    """Whether a credential still counts."""

    GOOD = "it counts"
    REVOKED = "it was revoked"
    SUPERSEDED = "a newer one was issued for the machine"
    FORGOTTEN = "the catalog has the device, and not this credential"


def standing(entry: Device | None, counter: EpochCounter | None, who: Publisher) -> Standing:
    """What is on record of a publisher whose token was signed with the policy's key.

    Nothing on record at all is good: whoever has the key can sign for names that are on record too, so asking
    for a record would keep out nobody. A board that was replaced gets nothing that is meant for the next one.
    """
    if counter is not None and who.epoch < counter.epoch:
        return Standing.SUPERSEDED
    if entry is None:
        return Standing.GOOD
    own = [one for one in entry.credentials if (one.machine, one.epoch) == (who.machine, who.epoch)]
    if not own:
        return Standing.FORGOTTEN
    return Standing.REVOKED if any(one.revoked for one in own) else Standing.GOOD


def counter_id(machine: str) -> str:
    """The id of a machine's counter of epochs; a device cannot have it for a name."""
    return f"machine:{machine}"


def next_epoch(stock: MachineStock | None, entry: Entry, counter: EpochCounter | None = None) -> int:
    """One more than the highest that was issued for a machine, or that its ledger or registers hold.

    Raises ValueError where that one is the last there is.
    """
    held = [int(book.rpartition("/")[2]) for book in (stock.applied if stock else ())]
    held += [register[0] for register in entry.values()]
    highest = max([*held, counter.epoch if counter else 0])
    if highest >= MAX_EPOCH:
        raise ValueError(
            f"the machine has an event of epoch {highest}, and there is none above {MAX_EPOCH}: take it out "
            "(`vendctl machine quarantine`, then `forget`), or give the machine another id"
        )
    return highest + 1


def counted(held: EpochCounter | None, machine: str, epoch: int) -> EpochCounter:
    """The counter of a machine at an epoch."""
    rest = held.rest if held else {}
    return EpochCounter(id=counter_id(machine), machine=machine, epoch=epoch, rest=rest)


def issued(held: Device | None, publisher: Publisher, now: datetime, expires: datetime) -> Device:
    """The device's entry with one more credential. Raises ValueError for names without a publisher."""
    device, machine, epoch = publisher
    credential = Credential(build(publisher), machine, epoch, _utc(now), _utc(expires))
    entry = held or Device(id=device, machine=machine, epoch=epoch)
    credentials = [*entry.credentials, credential][-KEPT:]
    return replace(entry, machine=machine, epoch=epoch, credentials=credentials)


def renewed(held: Device | None, device: str, machine: str, expires: datetime) -> tuple[Device, Publisher]:
    """The entry with a later end of the machine's newest credential, and whose that is. Raises ValueError."""
    own = [one for one in held.credentials if one.machine == machine] if held else []
    if held is None or not own:
        raise ValueError(_nothing(held, device, machine) + ": issue one, without --renew")
    newest = own[-1]
    if newest.revoked is not None:
        raise ValueError(f"{newest.publisher} is revoked: issue the next one, without --renew")
    until = replace(newest, expires=max(newest.expires, _utc(expires)))
    credentials = [until if one is newest else one for one in held.credentials]
    return replace(held, credentials=credentials), Publisher(device, machine, newest.epoch)


def revoked(held: Device, device: str, machine: str | None, now: datetime) -> tuple[Device, list[str]]:
    """The entry with its credentials (for one machine, or all) revoked, and the publishers to shut out.

    What has expired opens nothing any more and needs no place on the hub's list. Raises ValueError where
    nothing was issued for that machine.
    """
    meant = [one for one in held.credentials if machine in (None, one.machine)]
    if not meant:
        raise ValueError(_nothing(held, device, machine or ""))
    at = _utc(now)
    credentials = [
        replace(one, revoked=one.revoked or at) if one in meant else one for one in held.credentials
    ]
    return replace(held, credentials=credentials), [one.publisher for one in meant if one.expires > at]


def _nothing(held: Device | None, device: str, machine: str) -> str:
    others = sorted({one.machine for one in held.credentials}) if held else []
    where = f"; there are for {', '.join(others)}" if others else ""
    return f"{device} has no credentials for machine {machine!r} in the catalog{where}"


def _utc(moment: datetime) -> str:
    """To the second, so that texts compare as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
